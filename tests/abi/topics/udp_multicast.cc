// Multicast over the loopback device: joining, leaving, who hears what.
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

constexpr char kGroup[] = "224.1.2.3", kOther[] = "224.1.2.4";

int member(int fd, int name, const char* group, const char* device) {
  ip_mreq request{};
  ::inet_pton(AF_INET, group, &request.imr_multiaddr);
  ::inet_pton(AF_INET, device, &request.imr_interface);
  return ::setsockopt(fd, IPPROTO_IP, name, &request, sizeof request);
}

int on_loopback(int fd) {
  in_addr device{};
  device.s_addr = htonl(INADDR_LOOPBACK);
  return ::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &device, sizeof device);
}

void send_and_hear(int sender, const char* group, int port, const int (&receivers)[3]) {
  const sockaddr_in to = v4(group, port);
  say("%s: %s, heard by", group,
      outcome(::sendto(sender, "data", 4, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to)));
  for (const int fd : receivers) {
    char data[8];
    say(" %d", ::recv(fd, data, sizeof data, MSG_DONTWAIT) == 4);
  }
  say("\n");
}

int run() {
  int receivers[3];
  int port = 0;
  for (int& fd : receivers) {
    fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    say("bind: %s\n", outcome(bind_to(fd, v4("0.0.0.0", port))));
    port = port_of(fd);
  }
  const int sender = ::socket(AF_INET, SOCK_DGRAM, 0);
  say("no device: %s\n", outcome(member(receivers[0], IP_ADD_MEMBERSHIP, kGroup, "0.0.0.0")));
  say("no group: %s\n", outcome(member(receivers[0], IP_ADD_MEMBERSHIP, "127.0.0.1", "127.0.0.1")));
  say("no such device: %s\n", outcome(member(receivers[0], IP_ADD_MEMBERSHIP, kGroup, "192.0.2.1")));
  say("device: %s\n", outcome(on_loopback(sender)));
  send_and_hear(sender, kGroup, port, receivers);
  say("join: %s\n", outcome(member(receivers[0], IP_ADD_MEMBERSHIP, kGroup, "127.0.0.1")));
  say("again: %s\n", outcome(member(receivers[0], IP_ADD_MEMBERSHIP, kGroup, "127.0.0.1")));
  send_and_hear(sender, kGroup, port, receivers);
  set_int(receivers[2], IPPROTO_IP, IP_MULTICAST_ALL, 0);
  send_and_hear(sender, kGroup, port, receivers);
  send_and_hear(sender, kOther, port, receivers);
  set_int(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  send_and_hear(sender, kGroup, port, receivers);
  set_int(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  say("leave: %s\n", outcome(member(receivers[0], IP_DROP_MEMBERSHIP, kGroup, "127.0.0.1")));
  say("again: %s\n", outcome(member(receivers[0], IP_DROP_MEMBERSHIP, kGroup, "127.0.0.1")));
  send_and_hear(sender, kGroup, port, receivers);
  // One that is bound to the group hears nothing else.
  const int bound = ::socket(AF_INET, SOCK_DGRAM, 0);
  set_int(bound, SOL_SOCKET, SO_REUSEADDR, 1);
  say("bind to the group: %s\n", outcome(bind_to(bound, v4(kGroup, port))));
  member(bound, IP_ADD_MEMBERSHIP, kGroup, "127.0.0.1");
  receivers[1] = bound;
  send_and_hear(sender, kGroup, port, receivers);
  for (const int fd : receivers) ::close(fd);
  ::close(sender);
  return 0;
}

const Topic topic("udp_multicast", run);

}  // namespace
