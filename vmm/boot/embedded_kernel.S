// The guest kernel's ELF file, page-aligned in the executable (and so in its file), in a read-only segment.
    .section .rodata.husk_kernel, "a", @progbits
    .balign 4096
    .globl husk_embedded_kernel
    .globl husk_embedded_kernel_end
husk_embedded_kernel:
    .incbin HUSK_KERNEL_FILE
husk_embedded_kernel_end:
    .balign 4096

    .section .note.GNU-stack, "", @progbits
