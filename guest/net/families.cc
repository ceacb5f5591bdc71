#include "net/families.h"

#include "net/inet/inet_family.h"
#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

// A row for each family; nothing else knows which there are.
constexpr Family kFamilies[] = {
    {kUnix, create_unix_socket, create_unix_pair},
    {kInet, inet::create_inet, nullptr},
    {kInet6, inet::create_inet6, nullptr},
};

}  // namespace

const Family* find_family(int number) {
  for (const Family& family : kFamilies) {
    if (family.number == number && family.create) return &family;
  }
  return nullptr;
}

}  // namespace kernel::net
