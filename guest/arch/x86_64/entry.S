// Into the kernel and out of it. Everything here ends in one of two C++ functions, handle_syscall and handle_trap (trap.cc),
// with a TrapFrame (trap_frame.h) at the top of the current task's kernel stack, and leaves by return_to_user.
//
// The kernel is not preemptible: an interrupt that arrives while it runs is only noted (PC_PENDING), and return_to_user looks.
// In ring 0 that happens only while the CPU idles; in ring 3 interrupts cannot be disabled, so it can happen anywhere.
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/selectors.h"

    .section .text.entry, "ax"

// The VMM enters here with RDI = device tree, RSI = ring, RSP = boot stack.
    .globl kernel_entry
kernel_entry:
    xor %ebp, %ebp
    call kernel_main
    ud2

.macro push_general_registers_below_rax
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

// ---------------------------------------------------------------------------------------------------- system calls
// SYSCALL has put the return address in RCX and RFLAGS in R11 and changed nothing else (SDM vol. 2, SYSCALL). On VMX and SVM the
// CPU is now in CPL 0; where KVM emulates CPL 0 it still is in CPL 3. The code is the same. In ring 3 mode interrupts are enabled in
// either case, also while RSP is the payload's: they have a stack of their own (abi/x86_tables.h).
    .balign 64
    .globl syscall_entry
syscall_entry:
    mov %rsp, boot_cpu+PC_USER_RSP(%rip)
    mov boot_cpu+PC_KERNEL_STACK(%rip), %rsp
    push $SELECTOR_USER_SS
    push boot_cpu+PC_USER_RSP(%rip)
    push %r11
    push $SELECTOR_USER_CS
    push %rcx
    push %rax                       // TrapFrame::error_code: the number, for restarts
    push $VECTOR_SYSCALL
    push %rax
    push_general_registers_below_rax
    mov %rsp, %rdi
    call handle_syscall
    // Falls through.

// ---------------------------------------------------------------------------------------------------- back to user mode
// RSP = the TrapFrame. From return_begin on, everything comes from memory that nothing overwrites, so the sequence can be
// started again from return_begin at any instruction: an interrupt stub that hits it does exactly that, lest an interrupt that
// arrived after the test of PC_PENDING be forgotten.
    .globl return_to_user
return_to_user:
    mov %rsp, boot_cpu+PC_EXIT_FRAME(%rip)
return_begin:
    mov boot_cpu+PC_EXIT_FRAME(%rip), %rsp
    cmpq $0, boot_cpu+PC_PENDING(%rip)
    jne 1f
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    pop %rax
    add $16, %rsp                   // vector, error code
    iretq                           // CPL 0 to 3, or CPL 3 to 3: the same instruction
return_end:
1:  mov %rsp, %rdi
    call handle_pending_interrupts
    jmp return_to_user

// Both privilege modes come here with user registers but RAX loaded, RAX saved, and RSP at TrapFrame::rax.
trap_from_user:
    push_general_registers_below_rax
    mov %rsp, %rdi
    cld
    call handle_trap
    jmp return_to_user

// The same for an exception that the kernel's own code caused, which is a bug: it ends in a panic.
trap_from_kernel:
    push_general_registers_below_rax
    mov %rsp, %rdi
    cld
    call handle_kernel_trap
    ud2

// ---------------------------------------------------------------------------------------------------- stubs, common parts
// The stack of each vector's stub: 0: vector, 8: error code (or 0), 16: RIP, 24: CS, 32: RFLAGS, 40: RSP, 48: SS.

.macro end_of_interrupt ring
    .globl \ring\()_end_of_interrupt
\ring\()_end_of_interrupt:
    push %rax
    push %rcx
    push %rdx
    mov $MSR_X2APIC_EOI, %ecx
    xor %eax, %eax
    xor %edx, %edx
    wrmsr
    pop %rdx
    pop %rcx
    pop %rax
    .if . - \ring\()_end_of_interrupt - END_OF_INTERRUPT_SIZE
    .error "END_OF_INTERRUPT_SIZE is wrong"
    .endif
.endm

.macro save_fault_address
    push %rax
    mov %cr2, %rax
    mov %rax, boot_cpu+PC_FAULT_ADDRESS(%rip)
    pop %rax
.endm

// An interrupt while the kernel runs: note it and go on where it hit, but for the return sequence, which starts again.
note_interrupt:
    push %rax
    push %rcx
    mov 16(%rsp), %eax
    sub $32, %eax
    and $63, %eax
    bts %rax, boot_cpu+PC_PENDING(%rip)
    mov 32(%rsp), %rax              // the interrupted RIP
    lea halt_ring0(%rip), %rcx
    cmp %rcx, %rax
    je 2f
    lea halt_ring3(%rip), %rcx
    cmp %rcx, %rax
    je 2f
    lea return_begin(%rip), %rcx
    cmp %rcx, %rax
    jb 1f
    lea return_end(%rip), %rax
    cmp %rax, 32(%rsp)
    jae 1f
    mov %rcx, 32(%rsp)
1:  pop %rcx
    pop %rax
    add $16, %rsp
    iretq
// No interrupt is taken between STI and HLT (SDM vol. 2, STI). One that is all the same (QEMU's SVM loses the interrupt shadow where it
// leaves the guest between the two) is what the HLT was to wait for, and the next may never come: no HLT.
2:  incq 32(%rsp)                   // HLT is one byte long
    jmp 1b

// void halt_until_interrupt_ring0(): what waits already has been looked for, with interrupts disabled.
    .globl halt_until_interrupt_ring0
halt_until_interrupt_ring0:
    sti
halt_ring0:
    hlt
    cli
    ret

// ---------------------------------------------------------------------------------------------------- ring 0
// TSS.RSP0 is the top of the current task's kernel stack, so the CPU itself has built the TrapFrame's end.
ring0_exception:
    push %rax
    testb $3, 32(%rsp)              // CPL of the interrupted code
    jz trap_from_kernel
    jmp trap_from_user
ring0_page_fault:
    save_fault_address
    jmp ring0_exception
ring0_breakpoint:
    push $0
    push $3
    jmp ring0_exception
// On the emergency stack (abi/x86_tables.h): a task's stack that has overflowed cannot take the frame of the page fault.
ring0_double_fault:
    save_fault_address
    push %rax
    jmp trap_from_kernel
ring0_interrupt:
    end_of_interrupt ring0
    testb $3, 24(%rsp)
    jz note_interrupt
    push %rax
    jmp trap_from_user

// ---------------------------------------------------------------------------------------------------- ring 3
// These few instructions are all that runs in CPL 0, and each may be emulated.
//
// Exceptions but the breakpoint and the double fault come on the second stack of the TSS's interrupt stack table, which is the
// current task's kernel stack: the CPU itself has built the TrapFrame's end. What is left to do there is to save RAX and to enter
// the kernel's code in CPL 3, with an IRETQ from a frame that waits in the per-CPU struct (stub_table: it fits into a table's entry).
// All else is done here, natively: RSP is at TrapFrame::rax, and RAX holds CR2 if it is a page fault.
    .globl trap_from_ring3
trap_from_ring3:
    mov %rax, boot_cpu+PC_FAULT_ADDRESS(%rip)
    // Only the kernel's own code is the kernel: anything else in its half, and above it, is a payload that jumped there, and
    // faulted at once.
    cmpl $KERNEL_HIGH_WORD, 28(%rsp)
    jne trap_from_user
    cmpl $kernel_text_low, 24(%rsp)
    jb trap_from_user
    cmpl $kernel_text_end_low, 24(%rsp)
    jae trap_from_user
    // A bug of the kernel's, whose stack has been overwritten from the top; it is not needed any more.
    push_general_registers_below_rax
    mov %rsp, %rdi
    mov emergency_stack_pointer(%rip), %rsp
    cld
    call handle_kernel_trap
    ud2

// Interrupts come on the third stack of the table, breakpoints on the trap stack, TSS.RSP0. Their contents matter only while the stub
// runs, with interrupts disabled (but for the halt, with one breakpoint's frame on the trap stack): most of them are the kernel's own
// affair, and its stack is in use then. This moves the frame to the kernel stack.
.macro forward stack_top, target
    push %rax
    mov \stack_top(%rip), %rax
    popq -64(%rax)                  // rax
    popq -56(%rax)                  // vector
    popq -48(%rax)                  // error code
    popq -40(%rax)                  // rip
    popq -32(%rax)                  // cs
    popq -24(%rax)                  // rflags
    popq -16(%rax)                  // rsp
    popq -8(%rax)                   // ss
    lea -64(%rax), %rax
    push $SELECTOR_USER_SS
    push %rax
    push $0x202                     // IF: nothing in CPL 3 could set it again
    push $SELECTOR_USER_CS
    lea \target(%rip), %rax
    push %rax
    iretq
.endm

ring3_interrupt:
    end_of_interrupt ring3
    cmpl $KERNEL_HIGH_WORD, 20(%rsp)
    jb 1f
    cmpl $0x7fff, 20(%rsp)
    jbe note_interrupt
1:  forward boot_cpu+PC_KERNEL_STACK, trap_from_user

// On the emergency stack, from which the frame must be moved to another one; the boot stack's time is over.
ring3_double_fault:
    save_fault_address
    forward boot_stack_pointer, trap_from_kernel

// INT3 in the kernel's code is the gate to privileged operations (privileged.cc): EAX says which, RDI and RSI are its arguments.
// Every instruction here is emulated, and a switch between processes comes through it: so nothing is pushed before it is known
// that a payload executed the INT3, and the page table base comes first. Here 0(%rsp) is RIP.
ring3_breakpoint:
    cmpl $KERNEL_HIGH_WORD, 4(%rsp)
    jb 8f
    test %eax, %eax
    jnz 1f
    mov %rdi, %cr3                  // 0: load the page table base, which flushes the TLB
    iretq
8:  push $0
    push $3
    forward boot_cpu+PC_KERNEL_STACK, trap_from_user
1:  cmp $2, %eax
    jae 2f
3:  invlpg (%rdi)                   // 1: flush RSI pages from the TLB
    sub $1, %rsi
    jz 9f
    add $4096, %rdi
    jmp 3b
9:  iretq
2:  jne 10f
    mov %edi, %ecx                  // 2: write an MSR
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
    wrmsr
    iretq
10: cmp $3, %eax
    jne 5f
    cmpq $0, boot_cpu+PC_PENDING(%rip)
    jne 4f
    sti                             // 3: halt until an interrupt; STI takes effect after the HLT, so none is missed
halt_ring3:
    hlt
    cli
4:  iretq
5:  mov %edi, %edx
    cmp $5, %eax
    ja 6f
    je 7f
    mov %esi, %eax                  // 4: write a byte to an I/O port
    out %al, %dx
    iretq
7:  in %dx, %al                     // 5: read one
    iretq
6:  lidt no_interrupt_table(%rip)   // 6: reset the machine by a triple fault
    ud2

// ---------------------------------------------------------------------------------------------------- the two stub tables
// Exceptions that push an error code: SDM vol. 3, table 6-1.
.macro push_vector vector
    .if !((\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30))
    push $0
    .endif
    push $\vector
.endm
.macro exception_stub_ring0
    .if vector == 14
    jmp ring0_page_fault
    .else
    jmp ring0_exception
    .endif
.endm
.macro exception_stub_ring3
    push %rax
    .if vector == 14
    mov %cr2, %rax
    .endif
    lea boot_cpu+PC_ENTRY_FRAME(%rip), %rsp
    iretq                           // to trap_from_ring3
.endm

.macro stub_table name, ring
    .balign 16
    .globl \name
\name:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector == 3
    jmp \ring\()_breakpoint        // pushes what it needs
    .else
    push_vector vector
    .if vector == 8
    jmp \ring\()_double_fault
    .elseif vector < 32
    exception_stub_\ring
    .else
    jmp \ring\()_interrupt
    .endif
    .endif
    .set vector, vector + 1
    .endr
    .org \name + 256 * 16           // an error if a stub did not fit into its entry
.endm

    stub_table vector_stubs_ring0, ring0
    stub_table vector_stubs_ring3, ring3

// ---------------------------------------------------------------------------------------------------- switching tasks
// void switch_stacks(uint64_t* save_rsp, uint64_t load_rsp): the System V ABI's callee-saved registers stay on the old stack.
    .text
    .globl switch_stacks
switch_stacks:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

// Where a new task's first switch_stacks returns to: RSP = its TrapFrame.
    .globl task_start
task_start:
    mov %rsp, %rdi
    call finish_first_switch
    jmp return_to_user

// ---------------------------------------------------------------------------------------------------- data
    .data
    .balign 64
    .globl boot_cpu
boot_cpu:
    .fill PC_ENTRY_FRAME, 1, 0
    .quad trap_from_ring3           // what IRETQ takes on the way into the kernel, once and for all but for RSP,
    .quad SELECTOR_USER_CS
    .quad 0x202                     // IF: nothing in CPL 3 could set it again
    .quad trap_stack_top - 64       // which is where the stub leaves it (context.cc)
    .quad SELECTOR_USER_SS
    .fill PC_SIZE - PC_ENTRY_FRAME - 40, 1, 0
emergency_stack_pointer:
    .quad emergency_stack_top
boot_stack_pointer:
    .quad boot_stack_top
no_interrupt_table:
    .fill 10, 1, 0

// The 64-bit TSS (SDM vol. 3, 8.7). The kernel stores the current task's stack in it: in RSP0 in ring 0, in IST2 in ring 3.
    .balign 64
    .globl tss
tss:
    .long 0
    .quad trap_stack_top            // RSP0
    .fill 6, 4, 0
    .quad emergency_stack_top       // IST1
    .quad trap_stack_top            // IST2
    .quad interrupt_stack_top       // IST3
    .fill 10, 4, 0
    .word 0
    .word tss_end - tss             // no I/O bitmap: no port is accessible from CPL 3
tss_end:
    .balign 64
    .fill 512, 1, 0
    .globl trap_stack_top
trap_stack_top:
    .fill 512, 1, 0
interrupt_stack_top:

// Each in a segment of its own, with a page below it that belongs to none and is never mapped (kernel.ld).
.macro stack name, size
    .section .stack.\name, "aw", @nobits
    .balign 4096
    .globl \name\()_stack
\name\()_stack:
    .fill \size, 1, 0
    .globl \name\()_stack_top
\name\()_stack_top:
.endm

    stack emergency, 4096           // of a panic after an exception in the kernel
    stack boot, 12288
    stack first, 16384              // of the first task (kernel_stack.cc)

// ---------------------------------------------------------------------------------------------------- for the VMM
    .section .note.husk, "a", @note
    .balign 4
    .long 5                         // size of the name
    .long 2f - 1f                   // size of the descriptor
    .long 0x4b53                    // abi::kKernelNoteType
    .asciz "husk"
    .balign 4
1:  .long 3                         // abi::kAbiVersion
    .long 16                        // vector_stub_size
    .quad kernel_entry
    .quad boot_stack_top
    .quad vector_stubs_ring0
    .quad vector_stubs_ring3
    .quad syscall_entry
    .quad tss
    .quad tss_end - tss
2:

    .section .note.GNU-stack, "", @progbits
