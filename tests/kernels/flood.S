// A malicious stand-in kernel: its log never ends.
#define FLOOD
#include "malice.S"
