// A stand-in guest kernel that executes 20,001 instructions more than exit42.S.
#define COUNT
#include "exit42.S"
