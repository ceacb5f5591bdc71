// The default payload's ELF file as bytes of husk-compare.
  .section .rodata
  .globl husk_default_payload_start, husk_default_payload_end
husk_default_payload_start:
  .incbin HUSK_DEFAULT_PAYLOAD
husk_default_payload_end:
  .section .note.GNU-stack, "", @progbits
