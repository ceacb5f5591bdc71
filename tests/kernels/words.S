// A malicious stand-in kernel: its last words are long.
#define WORDS
#include "malice.S"
