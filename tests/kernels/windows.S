// A malicious stand-in kernel: a storm of questions for the terminal's size.
#define WINDOWS
#include "malice.S"
