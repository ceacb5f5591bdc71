// The last step's ELF file as bytes of husk.
    .section .rodata.husk_last_step, "a", @progbits
    .globl husk_last_step
    .globl husk_last_step_end
husk_last_step:
    .incbin HUSK_LAST_STEP
husk_last_step_end:
    .section .note.GNU-stack, "", @progbits
