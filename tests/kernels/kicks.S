// A malicious stand-in kernel: gigabytes in one notification.
#define KICKS
#include "malice.S"
