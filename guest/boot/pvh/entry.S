// The PVH entry (x86/HVM direct boot ABI, Xen's docs/misc/pvh.pandoc): a boot loader that knows nothing of husk enters here in
// 32-bit protected mode with flat segments, without paging, interrupts off, EBX = struct hvm_start_info.
//
// What follows is a boot loader of its own, in two parts. This file does what takes CPL 0. The rest is C++ (loader.cc), and
// runs in CPL 3 where CPL 0 turns out to be emulated; it comes back through the INT3 gate below, from either ring.
#include "arch/x86_64/selectors.h"
#include "boot/pvh/gate.h"

// Defined by kernel.ld: the assembler cannot subtract the kernel's base from a symbol.
#define PHYSICAL(symbol) symbol##_physical
#define CR0_PE_MP_ET_NE_WP_AM_PG 0x80050033
#define CR4_PAE_PGE_OSFXSR_OSXMMEXCPT 0x6a0
#define EFER_SCE_LME_NXE 0x901
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
// PML4 and page directory entries: present, writable, user, accessed (and dirty, 2 MiB).
#define TABLE_FLAGS 0x27
#define LARGE_PAGE_FLAGS 0xe7

    .section .note.xen, "a", @note
    .balign 4
    .long 4                         // size of the name
    .long 8                         // size of the descriptor
    .long 18                        // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad PHYSICAL(pvh_entry)

    .section .text.loader_entry, "ax"
    .code32
    .globl pvh_entry
pvh_entry:
    cld
    mov $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    mov %eax, %cr4
    mov $PHYSICAL(boot_pml4), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    mov $EFER_SCE_LME_NXE, %eax
    xor %edx, %edx
    wrmsr
    mov $CR0_PE_MP_ET_NE_WP_AM_PG, %eax
    mov %eax, %cr0
    lgdt PHYSICAL(low_gdt_pointer)
    ljmp $SELECTOR_KERNEL_CS, $PHYSICAL(long_mode)
    .code64
    .globl long_mode
long_mode:
    movabs $high_half, %rax         // from the identity map to where the kernel is linked
    jmp *%rax
high_half:
    lgdt gdt_pointer(%rip)
    mov $SELECTOR_KERNEL_SS, %eax
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    lea boot_stack_top(%rip), %rsp

    // The TSS descriptor's base (SDM vol. 3, figure 8-4) and the INT3 gate's target (figure 6-8).
    lea tss(%rip), %rax
    mov %rax, %rcx
    or %ax, boot_gdt + SELECTOR_TSS + 2(%rip)
    shr $16, %rax
    mov %al, boot_gdt + SELECTOR_TSS + 4(%rip)
    mov %ah, boot_gdt + SELECTOR_TSS + 7(%rip)
    shr $32, %rcx
    mov %ecx, boot_gdt + SELECTOR_TSS + 8(%rip)
    mov $SELECTOR_TSS, %eax
    ltr %ax
    lea loader_gate(%rip), %rax
    mov %ax, boot_idt + 3 * 16(%rip)
    shr $16, %rax
    mov %ax, boot_idt + 3 * 16 + 6(%rip)
    shr $16, %rax
    mov %eax, boot_idt + 3 * 16 + 8(%rip)
    lidt idt_pointer(%rip)

    // How many TSC ticks does an instruction take in CPL 0? As vmm/boot/ring_probe_code.S.
    mov $3, %r8d
    mov $-1, %esi
1:  rdtsc
    mov %eax, %r9d
    .rept 16
    nop
    .endr
    rdtsc
    sub %r9d, %eax
    cmp %esi, %eax
    cmovb %eax, %esi
    dec %r8d
    jnz 1b
    mov %ebx, %edi                  // load_kernel(start_info, whether CPL 0 is slow)
    cmp $18 * 250, %esi             // vmm/boot/ring_probe.h, kEmulatedTicksPerInstruction
    jb 2f
    lea boot_stack_top(%rip), %rax
    sub $8, %rax                    // as after a CALL
    push $SELECTOR_USER_SS
    push %rax
    push $2
    push $SELECTOR_USER_CS
    lea load_kernel(%rip), %rax
    push %rax
    iretq
2:  xor %esi, %esi
    call load_kernel

// INT3 in the loader's C++: EAX says what to do, RDI and RSI are arguments, RAX the result (gate.h).
loader_gate:
    cmp $2, %eax
    ja 1f
    je 2f
    test %eax, %eax
    jz enter_kernel                 // 0: enter the kernel
    mov %edi, %edx                  // 1: write a byte to a port
    mov %esi, %eax
    out %al, %dx
    iretq
2:  mov %edi, %edx                  // 2: read a byte from a port
    xor %eax, %eax
    in %dx, %al
    iretq
1:  cmp $4, %eax
    ja 5f
    je 4f
    mov %edi, %ecx                  // 3: read an MSR
    rdmsr
    shl $32, %rdx
    or %rdx, %rax
    iretq
4:  mov %edi, %ecx                  // 4: write an MSR
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
    wrmsr
    iretq
5:  lidt no_idt_pointer(%rip)       // 5: reset the machine by a triple fault
    ud2

// RDI = struct Handoff (gate.h). Ends as abi/husk_abi.h says that the kernel is entered.
enter_kernel:
    mov $MSR_STAR, %ecx
    mov HANDOFF_STAR(%rdi), %eax
    mov HANDOFF_STAR + 4(%rdi), %edx
    wrmsr
    inc %ecx                        // MSR_LSTAR
    lea syscall_entry(%rip), %rax
    mov %rax, %rdx
    shr $32, %rdx
    wrmsr
    mov $MSR_FMASK, %ecx
    mov HANDOFF_SYSCALL_MASK(%rdi), %eax
    xor %edx, %edx
    wrmsr
    lgdt HANDOFF_GDT(%rdi)
    lidt HANDOFF_IDT(%rdi)
    mov HANDOFF_CR3(%rdi), %r8
    mov HANDOFF_CR4(%rdi), %r9
    mov HANDOFF_XCR0(%rdi), %r10
    mov HANDOFF_RING(%rdi), %rsi
    lea boot_stack_top(%rip), %rsp
    mov %rsp, %rax
    push HANDOFF_SS(%rdi)
    push %rax
    push HANDOFF_RFLAGS(%rdi)
    push HANDOFF_CS(%rdi)
    lea kernel_entry(%rip), %rax
    push %rax
    mov HANDOFF_TREE(%rdi), %rdi
    mov %r8, %cr3                   // from here on only the kernel's own pages and this one
    mov %r9, %cr4
    mov %r10, %rax
    test %rax, %rax
    jz 1f
    mov %rax, %rdx
    shr $32, %rdx
    xor %ecx, %ecx
    xsetbv
1:  mov %r8, %rdx
    iretq

// What replaces the stubs' end of interrupt (arch/x86_64/entry.S) where the local APIC is memory.
    .globl xapic_end_of_interrupt
    .globl xapic_end_of_interrupt_end
xapic_end_of_interrupt:
    push %rax
    xor %eax, %eax
    movabs %eax, 0x7f80fee000b0     // kKernelBase + kXapicGpa + kXapicEoi
    pop %rax
    .fill END_OF_INTERRUPT_SIZE - (. - xapic_end_of_interrupt), 1, 0x90
xapic_end_of_interrupt_end:

    .section .rodata.loader_tables, "a"
    .balign 8
    .word 0
    .globl low_gdt_pointer
low_gdt_pointer:
    .word 16 * 8 - 1
    .long PHYSICAL(boot_gdt)
    .balign 8
gdt_pointer:
    .word 16 * 8 - 1
    .quad boot_gdt
idt_pointer:
    .word 4 * 16 - 1                // up to INT3; any other exception in the loader is a triple fault
    .quad boot_idt
no_idt_pointer:
    .word 0
    .quad 0

    .data
    .balign 16
    .globl boot_gdt
boot_gdt:                           // the kernel's selectors (abi/x86_tables.h)
    .quad 0, 0
    .quad 0x00af9b000000ffff        // SELECTOR_KERNEL_CS
    .quad 0x00cf93000000ffff        // SELECTOR_KERNEL_SS
    .quad 0
    .quad 0x00cff3000000ffff        // SELECTOR_USER_SS
    .quad 0x00affb000000ffff        // SELECTOR_USER_CS
    .quad 0
    .quad 0x0000890000000067        // SELECTOR_TSS: available, 104 bytes; the base is filled in
    .fill 7, 8, 0
boot_idt:
    .fill 6, 8, 0
    .quad 0x0000ee0000000000 | SELECTOR_KERNEL_CS << 16     // vector 3: interrupt gate, DPL 3
    .quad 0

// The first 4 GiB, once at 0 and once at kernel_base, with everything permitted in both rings. Made at link time: 2048
// entries are a millisecond of emulated instructions.
    .balign 4096
    .globl boot_pml4
boot_pml4:
    .quad PHYSICAL(boot_pdpt) + TABLE_FLAGS
    .fill 254, 8, 0
    .quad PHYSICAL(boot_pdpt) + TABLE_FLAGS
    .fill 256, 8, 0
    .globl boot_pdpt
boot_pdpt:
    .set directory, 0
    .rept 4
    .quad PHYSICAL(boot_directories) + directory * 4096 + TABLE_FLAGS
    .set directory, directory + 1
    .endr
    .fill 508, 8, 0
    .globl boot_directories
boot_directories:
    .set page, 0
    .rept 2048
    .quad page * 0x200000 + LARGE_PAGE_FLAGS
    .set page, page + 1
    .endr

    .section .note.GNU-stack, "", @progbits
