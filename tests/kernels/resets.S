// A malicious stand-in kernel: devices that are reset in the middle of their work.
#define RESETS
#include "malice.S"
