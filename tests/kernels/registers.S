// A malicious stand-in kernel: a storm of register accesses.
#define REGISTERS
#include "malice.S"
