// Addresses that bind(2), connect(2) and their relatives take and refuse.
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

void binds(int type) {
  const char* const addresses[] = {"0.0.0.0",   "127.0.0.1", "127.255.255.254", "127.255.255.255", "255.255.255.255",
                                   "192.0.2.1", "224.0.0.1", "239.1.1.1",       "240.0.0.1",       "10.0.0.255"};
  for (const char* address : addresses) {
    const int fd = ::socket(AF_INET, type, 0);
    say("%s: %s\n", address, outcome(bind_to(fd, v4(address))));
    say_names("it", fd);
    ::close(fd);
  }
  const int fd = ::socket(AF_INET, type, 0);
  sockaddr_in address = v4("127.0.0.1");
  for (const socklen_t size : {0u, 1u, 2u, 8u, 15u})
    say("size %u: %s\n", size, outcome(::bind(fd, reinterpret_cast<sockaddr*>(&address), size)));
  say("nowhere: %s\n", outcome(::bind(fd, nullptr, sizeof address)));
  address.sin_family = AF_INET6;
  say("family: %s\n", outcome(bind_to(fd, address)));
  address.sin_family = AF_UNSPEC;
  say("no family: %s\n", outcome(bind_to(fd, address)));
  address.sin_addr.s_addr = 0;
  say("no family, no address: %s\n", outcome(bind_to(fd, address)));
  ::close(fd);
}

// A larger structure than needed is fine; what is stored is cut to what there is room for.
void sizes() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage large{};
  const sockaddr_in address = v4("127.0.0.1");
  std::memcpy(&large, &address, sizeof address);
  say("large: %s\n", outcome(::bind(fd, reinterpret_cast<sockaddr*>(&large), sizeof large)));
  for (const int room : {-1, 0, 1, 8, 16, 100}) {
    socklen_t size = static_cast<socklen_t>(room);
    std::memset(&large, 0xaa, sizeof large);
    say("room %d: %s", room, outcome(::getsockname(fd, reinterpret_cast<sockaddr*>(&large), &size)));
    const auto* bytes = reinterpret_cast<const unsigned char*>(&large);
    say(" %d, byte 1 %02x, byte 7 %02x, byte 16 %02x\n", static_cast<int>(size), bytes[1], bytes[7], bytes[16]);
  }
  socklen_t size = sizeof large;
  say("nowhere: %s", outcome(::getsockname(fd, nullptr, &size)));
  say(", no size: %s\n", outcome(::getsockname(fd, reinterpret_cast<sockaddr*>(&large), nullptr)));
  ::close(fd);
}

void devices() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  say("lo: %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3)));
  char name[32] = {};
  socklen_t size = sizeof name;
  say("which: %s", outcome(::getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size)));
  say(" %s %u\n", name, size);
  say("another: %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuch0", 8)));
  say("none: %s\n", outcome(::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0)));
  ::close(fd);
}

int run() {
  say("streams\n");
  binds(SOCK_STREAM);
  say("datagrams\n");
  binds(SOCK_DGRAM);
  sizes();
  devices();
  return 0;
}

const Topic topic("inet_addresses", run);

}  // namespace
