// A stand-in kernel that takes a signal and ends much later, as a payload may.
#define TAKES
#include "malice.S"
