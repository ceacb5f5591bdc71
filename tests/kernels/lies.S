// A malicious stand-in kernel: a driver that lies about its queue in every way.
#define LIES
#include "malice.S"
