// The parts of the report page as bytes of husk-compare.
  .section .rodata
.macro asset name, file
  .globl husk_page_\name\()_start, husk_page_\name\()_end
husk_page_\name\()_start:
  .incbin "\file"
husk_page_\name\()_end:
.endm
  asset template, HUSK_PAGE_TEMPLATE
  asset style, HUSK_PAGE_STYLE
  asset library, HUSK_PAGE_LIBRARY
  asset script, HUSK_PAGE_SCRIPT
  .section .note.GNU-stack, "", @progbits
