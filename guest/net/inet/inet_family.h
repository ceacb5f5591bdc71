// What socket(2) makes for AF_INET and AF_INET6.
#pragma once

#include "lib/ref.h"
#include "lib/result.h"
#include "net/socket.h"

namespace kernel::net::inet {

Result<Ref<Socket>> create_inet(int type, int protocol);
Result<Ref<Socket>> create_inet6(int type, int protocol);

}  // namespace kernel::net::inet
