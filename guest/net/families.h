// The protocol families that this kernel has: what socket(2) makes for a family, a type and a protocol.
#pragma once

#include "lib/ref.h"
#include "lib/result.h"
#include "net/socket.h"

namespace kernel::net {

struct SocketPair {
  Ref<Socket> first, second;
};

struct Family {
  int number;
  // kProtoNoSupport, kSockTNoSupport, kPerm, kNoMem.
  Result<Ref<Socket>> (*create)(int type, int protocol);
  // socketpair(2): kOpNotSupp for all but AF_UNIX. Null: cannot.
  Result<SocketPair> (*create_pair)(int type, int protocol);
};

// Null: EAFNOSUPPORT.
const Family* find_family(int number);

}  // namespace kernel::net
