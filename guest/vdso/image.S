// The vDSO's ELF file in the kernel's image, on pages of its own: programs get to see these pages, and nothing else of
// the kernel's may be on them.
    .section .rodata.vdso_image, "a", @progbits
    .balign 4096
    .globl vdso_image
    .hidden vdso_image
vdso_image:
    .incbin HUSK_VDSO_FILE
    .balign 4096
    .globl vdso_image_end
    .hidden vdso_image_end
vdso_image_end:

    .section .note.GNU-stack, "", @progbits
