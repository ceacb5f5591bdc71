// Stand-in guest kernels that are all malice: each tries to crash its VMM, to keep it busy for ever, or to make it say
// without end. One file, since they differ in a few lines: the other files of this directory define which one it is.
// run_malice says what must come of each. Exit codes: 42, or the number of the lie that the VMM did not see.
    .set KBASE, 0x7f8000000000
    .set CONTROL, KBASE + 0xd0000000
    .set EXIT, 0x00
    .set SIGNALS, 0x04
    .set PANIC, 0x08
    .set FLUSH, 0x0c
    .set WINDOW, 0x10
    .set STDIN, KBASE + 0xd0001000
    .set STDOUT, KBASE + 0xd0002000
    .set RNG, KBASE + 0xd0004000
    .set LOG, KBASE + 0x4000
    .set LOG_TEXT, LOG + 8
    .set LOG_SIZE, 0x4000 - 8
    .set NOTIFY, 0x50
    .set STATUS, 0x70
    .set NEXT, 1
    .set WRITE, 2
    .set INDIRECT, 4
    .set RAM, 2 << 20           // behind the kernel
    .set HUGE, 60 << 20         // nearly all of it: there are 64 MiB

    .section .text, "ax", @progbits
    .globl _start
_start:
#ifdef KICKS                    // kicks.S: 256 chains of 60 MiB in one notification, and then notifications for ever
    movabs $STDOUT, %rbx
    mov $1, %r13d
    call huge_chains
1:  movl $1, NOTIFY(%rbx)
    jmp 1b
#endif
#ifdef RESETS                   // resets.S: the same, and input as well, and a reset whenever the device has begun
1:  movabs $STDOUT, %rbx
    mov $1, %r13d
    call huge_chains
    movl $1, NOTIFY(%rbx)
    movl $0, STATUS(%rbx)
    movabs $STDIN, %rbx
    xor %r13d, %r13d
    call huge_chains
    movl $0, NOTIFY(%rbx)
    movl $0, STATUS(%rbx)
    jmp 1b
#endif
#ifdef REGISTERS                // registers.S: register accesses as fast as they come, most of them nonsense
    movabs $RNG, %rbx
1:  xor %ecx, %ecx
2:  mov (%rbx,%rcx), %eax
    mov %eax, (%rbx,%rcx)
    movl $0, STATUS(%rbx)
    add $4, %ecx
    cmp $0x1000, %ecx
    jne 2b
    jmp 1b
#endif
#ifdef WINDOWS                  // windows.S: asks for the size of the terminal, again and again
    movabs $CONTROL, %rbx
1:  mov WINDOW(%rbx), %eax
    jmp 1b
#endif
#ifdef FLOOD                    // flood.S: the log is full of errors, again and again
    lea flood_line(%rip), %rsi
    mov $9, %ebp
    call fill_log
    movabs $LOG, %rdi
    movabs $CONTROL, %rbx
1:  addq $LOG_SIZE, (%rdi)
    movl $1, FLUSH(%rbx)
    jmp 1b
#endif
#ifdef WORDS                    // words.S: a panic with a log that has one line, without an end, of a terabyte
    lea flood_line + 3(%rip), %rsi
    mov $1, %ebp
    call fill_log
    movabs $LOG, %rdi
    movabs $1 << 40, %rax
    mov %rax, (%rdi)
    movabs $CONTROL, %rbx
    movl $1, PANIC(%rbx)
1:  jmp 1b
#endif
#ifdef TAKES                    // takes.S: takes the signal, and then its time: three thousand million ticks. answers.S: none
    movabs $CONTROL, %rbx
1:  mov SIGNALS(%rbx), %eax
    test %eax, %eax
    jz 1b
    rdtsc
    shl $32, %rdx
    lea (%rax,%rdx), %rsi
#ifdef ANSWERS
    xor %ecx, %ecx
#else
    movabs $3000000000, %rcx
#endif
    add %rcx, %rsi
2:  rdtsc
    shl $32, %rdx
    or %rdx, %rax
    cmp %rsi, %rax
    jb 2b
    movl $42, EXIT(%rbx)
3:  jmp 3b
#endif
#ifdef LIES                     // lies.S: one lie after the other; the device must want a reset after each
    lea lies(%rip), %r15
    mov $1, %ebp                // the number of the lie
next_lie:
    movabs $RNG, %rbx
    xor %r13d, %r13d
    mov $8, %r14d
    call rings
    // What the lie says about the rings: offsets to add.
    add 0(%r15), %r12
    add 8(%r15), %r10
    add 16(%r15), %r11
    mov 24(%r15), %rax          // nonzero: the used ring is there
    test %rax, %rax
    jz 1f
    mov %rax, %r11
    movabs $KBASE, %rax
    sub %rax, %r11
1:  // Its descriptors, and where an address is that of the table itself.
    lea 40(%r15), %rsi
    lea descriptors(%rip), %rdi
    mov $12, %ecx
2:  mov (%rsi), %rax
    mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    dec %ecx
    jnz 2b
    lea available(%rip), %rdi
    mov 32(%r15), %rax          // flags, index, the first two heads
    mov %rax, (%rdi)
    call bring_up
    movl $0, NOTIFY(%rbx)
    mov STATUS(%rbx), %eax
    test $64, %eax              // DEVICE_NEEDS_RESET
    jz lie_believed
    inc %ebp
    add $136, %r15
    lea lies_end(%rip), %rax
    cmp %rax, %r15
    jne next_lie
    // The code is as it was: nobody wrote random numbers into it.
    movabs $0x1122334455667788, %rax
    cmp %rax, code_word(%rip)
    jne lie_believed
    mov $42, %ebp
lie_believed:
    movabs $CONTROL, %rbx
    mov %ebp, EXIT(%rbx)
1:  jmp 1b
    .balign 8
code_word: .quad 0x1122334455667788, 0
#endif

// Makes queue R13D of the device at RBX ready with 256 chains of HUGE bytes each.
huge_chains:
    mov $256, %r14d
    call rings
    lea descriptors(%rip), %rdi
    lea available + 4(%rip), %rsi
    xor %ecx, %ecx
    xor %eax, %eax
#ifdef RESETS
    cmp $0, %r13d
    jne 1f
    mov $WRITE, %eax
#endif
1:  movq $RAM, (%rdi)
    movl $HUGE, 8(%rdi)
    mov %eax, 12(%rdi)
    mov %cx, (%rsi)
    add $16, %rdi
    add $2, %rsi
    inc %ecx
    cmp $256, %ecx
    jne 1b
    movl $256 << 16, available(%rip)
// Falls through. A driver's way up to DRIVER_OK with queue R13D of R14D entries at R12, R10 and R11.
bring_up:
    movl $0, STATUS(%rbx)
    movl $3, STATUS(%rbx)
    movl $0, 0x24(%rbx)
    movl $1 << 28, 0x20(%rbx)   // VIRTIO_F_INDIRECT_DESC
    movl $1, 0x24(%rbx)
    movl $1, 0x20(%rbx)         // VIRTIO_F_VERSION_1
    movl $11, STATUS(%rbx)
    mov %r13d, 0x30(%rbx)
    mov %r14d, 0x38(%rbx)
    mov %r12d, 0x80(%rbx)
    mov %r10d, 0x90(%rbx)
    mov %r11d, 0xa0(%rbx)
    shr $32, %r12
    shr $32, %r10
    shr $32, %r11
    mov %r12d, 0x84(%rbx)
    mov %r10d, 0x94(%rbx)
    mov %r11d, 0xa4(%rbx)
    movl $1, 0x44(%rbx)
    movl $15, STATUS(%rbx)
    ret

// R12, R10, R11: guest-physical addresses of the three parts of a queue.
rings:
    movabs $KBASE, %rax
    lea descriptors(%rip), %r12
    lea available(%rip), %r10
    lea used(%rip), %r11
    sub %rax, %r12
    sub %rax, %r10
    sub %rax, %r11
    ret

// Fills the text of the log with the EBP bytes at RSI, over and over.
fill_log:
    movabs $LOG_TEXT, %rdi
    mov $LOG_SIZE, %ecx
1:  xor %edx, %edx
2:  mov (%rsi,%rdx), %al
    mov %al, (%rdi)
    inc %rdi
    dec %ecx
    jz 3f
    inc %edx
    cmp %ebp, %edx
    jne 2b
    jmp 1b
3:  ret

// Interrupts are taken and ignored, signals with them.
syscall_entry:
    ud2
    .balign 16
vectors:
    .rept 256
    .balign 16
    iretq
    .endr

    .section .rodata, "a", @progbits
flood_line: .ascii "<3>flood\n"

    // Where the rings are (offsets to the honest place; the used ring's address if not 0), the available ring's first
    // words (flags, index, two heads), and up to six descriptors. The queue is the random number generator's, with eight
    // entries: every buffer is for the device to write.
    .macro lie descriptors=0, available=0, used=0, used_at=0, index=1, heads=0
    .balign 8
    .quad \descriptors, \available, \used, \used_at
    .word 0, \index
    .long \heads
    .endm
    .macro descriptor address, length, flags=WRITE, next=0
    .quad \address
    .long \length
    .word \flags, \next
    .endm
    .set TABLE, table - KBASE
    .set CODE, code - KBASE
    .balign 8
lies:
    lie used_at=code                    // 1: the used ring in the kernel's code
    descriptor 0, 16
    .skip 5 * 16
    lie                                 // 2: a buffer in the kernel's code
    descriptor CODE, 4096
    .skip 5 * 16
    lie                                 // 3: a buffer that ends in it
    descriptor 0, 0x100010
    .skip 5 * 16
    lie                                 // 4: a buffer beyond RAM
    descriptor 0x4000000, 1
    .skip 5 * 16
    lie                                 // 5: one whose end wraps around
    descriptor 0xfffffffffffffff0, 0x20
    .skip 5 * 16
    lie                                 // 6: a chain that loops
    descriptor 0, 1, WRITE | NEXT, 1
    descriptor 0, 1, WRITE | NEXT, 0
    .skip 4 * 16
    lie                                 // 7: of nothing
    descriptor 0, 0, NEXT, 0
    .skip 5 * 16
    lie                                 // 8: a descriptor that is not in the table
    descriptor 0, 1, WRITE | NEXT, 8
    .skip 5 * 16
    lie heads=0xffff                    // 9: nor is this head
    .skip 6 * 16
    lie index=9                         // 10: more chains than the queue has entries
    descriptor 0, 1
    .skip 5 * 16
    lie                                 // 11: an indirect table inside an indirect table
    descriptor TABLE, 16, INDIRECT
    .skip 5 * 16
    lie                                 // 12: one with a length that is none
    descriptor TABLE, 17, INDIRECT
    .skip 5 * 16
    lie                                 // 13: of a gigabyte
    descriptor TABLE, 0x40000000, INDIRECT
    .skip 5 * 16
    lie                                 // 14: that goes on elsewhere
    descriptor TABLE, 16, INDIRECT | NEXT, 1
    .skip 5 * 16
    lie                                 // 15: outside of RAM
    descriptor 0x3fffff8, 16, INDIRECT
    .skip 5 * 16
    lie descriptors=8                   // 16: rings that are not aligned
    .skip 6 * 16
    lie used=0x4000000                  // 17: or not in RAM
    .skip 6 * 16
    lie                                 // 18: something to read for a device that writes
    descriptor 0, 16, 0
    .skip 5 * 16
lies_end:
    .balign 16
table: descriptor TABLE, 16, INDIRECT

    .section .note.husk, "a", @note
    .balign 4
    .long 5, 64, 0x4b53
    .asciz "husk"
    .balign 4
    .long 3, 16
    .quad _start, stack_top, vectors, vectors, syscall_entry, tss, 104

    .section .data, "aw", @progbits
    .balign 16
tss: .long 0
    .quad interrupt_stack_top       // RSP0
    .skip 40
    .quad interrupt_stack_top       // IST3: interrupts where the kernel runs in CPL 3
    .skip 52
    .section .bss, "aw", @nobits
    .balign 4096
descriptors: .skip 4096
available: .skip 4096
used: .skip 4096
    .skip 4096
interrupt_stack_top:
    .skip 4096
stack_top:
#ifdef LIES
    .set code, code_word
#else
    .set code, _start
#endif
    .section .note.GNU-stack, "", @progbits
