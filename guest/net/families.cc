#include "net/families.h"

#include "net/inet/inet_family.h"
#include "net/netlink/netlink_socket.h"
#include "net/packet/packet_socket.h"
#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

// A row for each family; nothing else knows which there are.
constexpr Family kFamilies[] = {
    {kInet, inet::create_inet, nullptr},
    {kInet6, inet::create_inet6, nullptr},
    {kUnix, create_unix_socket, create_unix_pair},
    {kNetlink, netlink::NetlinkSocket::create, nullptr},
    {kPacket, packet::PacketSocket::create, nullptr},
};

}  // namespace

const Family* find_family(int number) {
  for (const Family& family : kFamilies) {
    if (family.number == number && family.create) return &family;
  }
  return nullptr;
}

}  // namespace kernel::net
