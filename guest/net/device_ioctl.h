// ioctl(2) requests about network devices (netdevice(7)), which a socket of any family takes; those about addresses are AF_INET's.
#pragma once

#include <cstdint>

#include "lib/result.h"

namespace kernel::net {

// kNoTty for a request that is none of these.
Result<std::uint64_t> device_ioctl(int family, std::uint32_t request, std::uint64_t argument);

}  // namespace kernel::net
