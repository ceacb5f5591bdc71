// The CPL 0 probe: how many TSC ticks do 16 NOPs take? Position-independent 64-bit code without a stack; the VMM copies
// it into guest memory. Leaves the smallest of a few rounds in R9 and ends with a port write, which exits to the VMM.
    .section .rodata.husk_ring_probe, "a", @progbits
    .globl husk_ring_probe
    .globl husk_ring_probe_end
husk_ring_probe:
    mov $3, %r8d
    mov $-1, %r9
1:  rdtsc
    mov %eax, %r10d
    .rept 16
    nop
    .endr
    rdtsc
    sub %r10d, %eax         // 32 bits are enough; the difference wraps correctly
    cmp %r9, %rax
    cmovb %rax, %r9
    dec %r8d
    jnz 1b
    out %al, $0x80
husk_ring_probe_end:

    .section .note.GNU-stack, "", @progbits
