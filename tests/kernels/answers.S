// A stand-in kernel that ends as soon as it is sent a signal.
#define TAKES
#define ANSWERS
#include "malice.S"
