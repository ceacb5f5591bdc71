// Packet sockets (packet(7)): names, what they see of the loopback, what they send.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

sockaddr_ll named(int protocol, int device) {
  sockaddr_ll name{};
  name.sll_family = AF_PACKET;
  name.sll_protocol = htons(static_cast<std::uint16_t>(protocol));
  name.sll_ifindex = device;
  return name;
}

void say_name(const char* what, int fd) {
  sockaddr_ll name{};
  socklen_t size = sizeof name;
  const int result = ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  say("%s: %s size %u protocol %x device %d hardware %d kind %d length %d\n", what, outcome(result), size,
      ntohs(name.sll_protocol), name.sll_ifindex, name.sll_hatype, name.sll_pkttype, name.sll_halen);
}

void drain(const char* what, int fd, int flags = 0) {
  for (int i = 0; i < 5; ++i) {
    unsigned char bytes[128] = {};
    sockaddr_ll name{};
    socklen_t size = sizeof name;
    const ssize_t count =
        ::recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT | flags, reinterpret_cast<sockaddr*>(&name), &size);
    if (count < 0) {
      say("%s: %s\n", what, outcome(count));
      return;
    }
    say("%s: %zd (%u) protocol %x device %d hardware %d kind %d length %d:", what, count, size,
        ntohs(name.sll_protocol), name.sll_ifindex, name.sll_hatype, name.sll_pkttype, name.sll_halen);
    // Of the headers, what two runs have in common.
    for (ssize_t at = 0; at < count && at < 15; ++at) {
      if (at < 4 || at > 11) say(" %02x", bytes[at]);
    }
    say(" ... %02x\n", bytes[count - 1]);
    if (flags & MSG_PEEK) return;
  }
}

int run() {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET}) {
    const int fd = ::socket(AF_PACKET, type, 0);
    say("type %d: %s\n", type, outcome(fd));
    if (fd >= 0) ::close(fd);
  }
  const int raw = ::socket(AF_PACKET, SOCK_RAW, 0), cooked = ::socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)),
            all = ::socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
  say_name("new", raw);
  say_name("with a protocol", cooked);
  sockaddr_ll name = named(ETH_P_IP, 77);
  say("no device: %s", outcome(bind_to(raw, name)));
  say(" short: %s", outcome(::bind(raw, reinterpret_cast<sockaddr*>(&name), 19)));
  name = named(ETH_P_IP, 1);
  name.sll_family = AF_INET;
  say(" family: %s", outcome(bind_to(raw, name)));
  say(" bind: %s\n", outcome(bind_to(raw, named(ETH_P_IP, 1))));
  say_name("bound", raw);
  say("bind: %s\n", outcome(bind_to(all, named(0, 1))));
  say_name("bound without a protocol", all);

  const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
  bind_to(udp, v4("127.0.0.1"));
  connect_to(udp, v4("127.0.0.1", port_of(udp)));
  say("send: %zd\n", ::send(udp, "hello", 5, 0));
  int first = -1;
  ::ioctl(raw, FIONREAD, &first);
  say("FIONREAD: %d\n", first);
  say_events("raw", raw);
  drain("peeked at", raw, MSG_PEEK);
  drain("raw", raw);
  drain("cooked", cooked);
  drain("all", all);
  say("another protocol: %s\n", outcome(bind_to(raw, named(0x88b5, 1))));
  ::send(udp, "x", 1, 0);
  drain("raw", raw);
  drain("cooked", cooked);
  drain("all", all);

  // Frames of its own.
  unsigned char frame[20] = {};
  frame[12] = 0x88, frame[13] = 0xb5, frame[19] = 0x77;
  const auto send_to = [&](int fd, const void* data, std::size_t size, const sockaddr_ll& to,
                           socklen_t length = sizeof(sockaddr_ll)) {
    return ::sendto(fd, data, size, 0, reinterpret_cast<const sockaddr*>(&to), length);
  };
  say("sent: %zd\n", send_to(raw, frame, sizeof frame, named(0x88b5, 1)));
  drain("its own", raw);
  drain("others", all);
  drain("IP's", cooked);
  frame[0] = 2;
  say("to another address: %zd\n", ::send(raw, frame, sizeof frame, 0));
  drain("its own", raw);
  drain("others", all);
  say("cooked: %zd\n", send_to(all, "abc", 3, named(0x88b5, 1)));
  drain("raw", raw);
  drain("its own", all);
  say("no device: %s", outcome(send_to(raw, frame, sizeof frame, named(0x88b5, 0))));
  say(" another: %s", outcome(send_to(raw, frame, sizeof frame, named(0x88b5, 9))));
  say(" short: %s", outcome(send_to(raw, frame, 13, named(0x88b5, 1))));
  say(" short name: %s", outcome(send_to(raw, frame, sizeof frame, named(0x88b5, 1), 11)));
  say(" not bound: %s\n", outcome(::send(cooked, frame, sizeof frame, 0)));
  say("connect: %s", outcome(connect_to(raw, named(ETH_P_IP, 1))));
  say(" listen: %s", outcome(::listen(raw, 1)));
  say(" shutdown: %s", outcome(::shutdown(raw, SHUT_RDWR)));
  socklen_t size = sizeof name;
  say(" peer: %s\n", outcome(::getpeername(raw, reinterpret_cast<sockaddr*>(&name), &size)));
  for (const int fd : {raw, cooked, all, udp}) ::close(fd);
  return 0;
}

const Topic topic("packet_sockets", run);

}  // namespace
