// A stand-in guest kernel, a few instructions long: it checks what the VMM hands over and ends the VM through the control
// device. It tests the VMM alone. Exit codes: 42, or the number of the check that failed.
    .set KBASE, 0x7f8000000000
    .set CONTROL, KBASE + 0xd0000000
    .set STATS, KBASE + 0x3000
    .set LOG, KBASE + 0x4000

    .section .text, "ax", @progbits
    .globl _start
_start:
#ifdef SPIN
    jmp _start                  // spin.S: a kernel that hangs
#endif
#ifdef COUNT
    mov $10000, %ecx            // count.S: 20,001 instructions more
1:  dec %ecx
    jnz 1b
#endif
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, %r12              // tsc_entry

    mov $1, %ebx                // the ring that RSI names is the CPL
    mov %cs, %eax
    and $3, %eax
    cmp %esi, %eax
    jne fail
    mov $2, %ebx                // a flattened device tree (magic 0xd00dfeed, big-endian)
    mov $KBASE, %rax
    cmpl $0xedfe0dd0, (%rax,%rdi)
    jne fail
    mov $3, %ebx                // the stack is there
    push %rax
    pop %rcx
    cmp %rax, %rcx
    jne fail
    mov $4, %ebx                // zero-initialised data is zero
    cmpq $0, bss_start(%rip)
    jne fail
    mov $5, %ebx                // copied data is as linked
    mov $0x1122334455667788, %rax
    cmp %rax, data_word(%rip)
    jne fail

    movabs $STATS, %rdi
    mov $0x3173746174736b68, %rax
    mov %rax, (%rdi)
    mov %r12, 8(%rdi)
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, 16(%rdi)
    movabs $LOG, %rdi
    lea message(%rip), %rsi
    mov $(message_end - message), %ecx
    mov %rcx, (%rdi)
    add $8, %rdi
1:  mov (%rsi), %al
    mov %al, (%rdi)
    inc %rsi
    inc %rdi
    dec %ecx
    jnz 1b
    movabs $STATS, %rdi
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, 24(%rdi)
    mov $42, %ebx
fail:
    movabs $CONTROL, %rdi
    mov %ebx, (%rdi)
1:  jmp 1b

syscall_entry:
    ud2

    .balign 16
vectors:
    .rept 256
    .balign 16
    ud2
    .endr

    .section .rodata, "a", @progbits
message: .ascii "<6>stand-in kernel\n"
message_end:

    .section .note.husk, "a", @note
    .balign 4
    .long 5, 64, 0x4b53
    .asciz "husk"
    .balign 4
    .long 3, 16
    .quad _start, stack_top, vectors, vectors, syscall_entry, tss, 104

    .section .data, "aw", @progbits
data_word: .quad 0x1122334455667788
    .section .bss, "aw", @nobits
    .balign 16
tss: .skip 112
bss_start: .skip 8192
stack_top:
    .section .note.GNU-stack, "", @progbits
