// A stand-in guest kernel that hangs at its first instruction and never takes an interrupt.
#define SPIN
#include "exit42.S"
