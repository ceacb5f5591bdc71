// Groups of multicast of which only some sources are heard (ip(7), RFC 3678): options, their limits, who hears what.
#include <unistd.h>

#include "../inet_helpers.h"
#include "../topic.h"

using namespace abi;

namespace {

constexpr char kGroup[] = "232.1.2.3", kOther[] = "232.1.2.4";

in_addr address(const char* text) {
  in_addr result{};
  ::inet_pton(AF_INET, text, &result);
  return result;
}

const char* with_source(int fd, int name, const char* group, const char* source, const char* device = "127.0.0.1",
                        socklen_t size = sizeof(ip_mreq_source)) {
  ip_mreq_source request[2]{};
  request[0].imr_multiaddr = address(group);
  request[0].imr_interface = address(device);
  request[0].imr_sourceaddr = address(source);
  return outcome(::setsockopt(fd, IPPROTO_IP, name, request, size));
}

template <typename Group, typename Source>
const char* with_any(int fd, int level, int name, const Group& group, const Source& source, unsigned device = 1) {
  group_source_req request{};
  request.gsr_interface = device;
  std::memcpy(&request.gsr_group, &group, sizeof group);
  std::memcpy(&request.gsr_source, &source, sizeof source);
  return outcome(::setsockopt(fd, level, name, &request, sizeof request));
}

void filter_of(const char* what, int fd, const char* group, unsigned room = 8) {
  struct {
    ip_msfilter filter;
    in_addr more[8];
  } value{};
  value.filter.imsf_multiaddr = address(group);
  value.filter.imsf_interface = address("127.0.0.1");
  value.filter.imsf_numsrc = room;
  socklen_t size = sizeof value;
  const int result = ::getsockopt(fd, IPPROTO_IP, IP_MSFILTER, &value, &size);
  say("%s: %s", what, outcome(result));
  if (result == 0) {
    say(" mode %u, %u sources, size %u:", value.filter.imsf_fmode, value.filter.imsf_numsrc, size);
    for (unsigned i = 0; i < value.filter.imsf_numsrc && i < room; ++i) {
      char text[32];
      say(" %s", ::inet_ntop(AF_INET, &value.filter.imsf_slist[0] + i, text, sizeof text));
    }
  }
  say("\n");
}

const char* set_filter(int fd, const char* group, unsigned mode, unsigned count, socklen_t size = 0) {
  struct {
    ip_msfilter filter;
    in_addr more[64];
  } value{};
  value.filter.imsf_multiaddr = address(group);
  value.filter.imsf_interface = address("127.0.0.1");
  value.filter.imsf_fmode = mode;
  value.filter.imsf_numsrc = count;
  for (unsigned i = 0; i < count && i < 64; ++i) (&value.filter.imsf_slist[0])[i].s_addr = htonl(0x7f000001 + i);
  return outcome(::setsockopt(fd, IPPROTO_IP, IP_MSFILTER, &value, size ? size : IP_MSFILTER_SIZE(count)));
}

// Sent from 127.0.0.1 and 127.0.0.2.
void hear(const char* what, const int (&senders)[2], const char* group, int port,
          std::initializer_list<int> receivers) {
  say("%s:", what);
  for (const int sender : senders) {
    const sockaddr_in to = v4(group, port);
    ::sendto(sender, "data", 4, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    char data[8];
    for (const int fd : receivers) say(" %d", ::recv(fd, data, sizeof data, MSG_DONTWAIT) == 4);
    say(",");
  }
  say("\n");
}

int receiver(int& port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  bind_to(fd, v4("0.0.0.0", port));
  port = port_of(fd);
  return fd;
}

void four() {
  int port = 0;
  const int fd = receiver(port), all = receiver(port);
  int senders[2];
  for (int i = 0; i < 2; ++i) {
    senders[i] = ::socket(AF_INET, SOCK_DGRAM, 0);
    bind_to(senders[i], v4(i == 0 ? "127.0.0.1" : "127.0.0.2"));
    in_addr device = address("127.0.0.1");
    ::setsockopt(senders[i], IPPROTO_IP, IP_MULTICAST_IF, &device, sizeof device);
  }
  say("drop before: %s", with_source(fd, IP_DROP_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  say(" block before: %s", with_source(fd, IP_BLOCK_SOURCE, kGroup, "127.0.0.1"));
  say(" no group: %s", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1", "127.0.0.1"));
  say(" no device: %s", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1", "192.0.2.1"));
  say(" sizes: %s", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1", "127.0.0.1", 11));
  say(" %s\n", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1", "127.0.0.1", 13));
  hear("nobody", senders, kGroup, port, {fd, all});
  say("add: %s", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  say(" again: %s\n", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  filter_of("one", fd, kGroup);
  hear("one", senders, kGroup, port, {fd, all});
  say("block: %s", with_source(fd, IP_BLOCK_SOURCE, kGroup, "127.0.0.2"));
  say(" add: %s\n", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.2"));
  hear("both", senders, kGroup, port, {fd, all});
  filter_of("both", fd, kGroup);
  filter_of("both, room for one", fd, kGroup, 1);
  filter_of("another group", fd, kOther);
  say("drop: %s", with_source(fd, IP_DROP_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  say(" again: %s\n", with_source(fd, IP_DROP_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  hear("the other", senders, kGroup, port, {fd, all});
  say("the last: %s\n", with_source(fd, IP_DROP_SOURCE_MEMBERSHIP, kGroup, "127.0.0.2"));
  filter_of("none", fd, kGroup);

  ip_mreq request{address(kGroup), address("127.0.0.1")};
  say("join: %s", outcome(::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request)));
  say(" block: %s", with_source(fd, IP_BLOCK_SOURCE, kGroup, "127.0.0.1"));
  say(" again: %s", with_source(fd, IP_BLOCK_SOURCE, kGroup, "127.0.0.1"));
  say(" add: %s\n", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  hear("one blocked", senders, kGroup, port, {fd, all});
  filter_of("one blocked", fd, kGroup);
  set_int(all, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  hear("not all", senders, kGroup, port, {fd, all});
  set_int(all, IPPROTO_IP, IP_MULTICAST_ALL, 1);
  say("unblock: %s", with_source(fd, IP_UNBLOCK_SOURCE, kGroup, "127.0.0.1"));
  say(" again: %s", with_source(fd, IP_UNBLOCK_SOURCE, kGroup, "127.0.0.1"));
  say(" other mode: %s\n", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, "127.0.0.1"));
  filter_of("changed", fd, kGroup);

  for (const unsigned count : {0u, 2u, 10u, 11u})
    say("filter of %u: %s ", count, set_filter(fd, kGroup, MCAST_EXCLUDE, count));
  filter_of("ten", fd, kGroup, 1);
  say("no mode: %s", set_filter(fd, kGroup, 2, 1));
  say(" short: %s", set_filter(fd, kGroup, MCAST_INCLUDE, 2, 20));
  say(" shorter: %s", set_filter(fd, kGroup, MCAST_INCLUDE, 0, 15));
  say(" not joined: %s", set_filter(fd, kOther, MCAST_INCLUDE, 1));
  say(" nothing: %s", set_filter(fd, kGroup, MCAST_INCLUDE, 0));
  say(" again: %s\n", set_filter(fd, kGroup, MCAST_INCLUDE, 0));
  for (int i = 1; i <= 12; ++i) {
    const std::string source = "127.0.0." + std::to_string(i);
    say("%s ", with_source(fd, IP_ADD_SOURCE_MEMBERSHIP, kGroup, source.c_str()));
  }
  say("\n");

  // Names that are not IPv4's own.
  const sockaddr_in other = v4(kOther), one = v4("127.0.0.1");
  say("any: %s", with_any(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, other, one));
  say(" %s", with_any(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, other, one));
  say(" no device %s", with_any(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, other, one, 77));
  say(" another family %s", with_any(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, v6("ff02::1"), one));
  say(" block %s", with_any(fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, other, one));
  say(" leave %s", with_any(fd, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, other, one));
  say(" again %s\n", with_any(fd, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, other, one));
  for (const int open : {fd, all, senders[0], senders[1]}) ::close(open);
}

void six() {
  const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0), sender = ::socket(AF_INET6, SOCK_DGRAM, 0);
  bind_to(fd, v6("::"));
  bind_to(sender, v6("::1"));
  set_int(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, 1);
  const sockaddr_in6 group = v6("ff31::77"), one = v6("::1"), two = v6("::2");
  const auto heard = [&](const char* what) {
    const sockaddr_in6 to = v6("ff31::77", port_of(fd));
    const ssize_t sent = ::sendto(sender, "data", 4, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    const char* how = outcome(sent);
    char data[8];
    say("%s: sent %s, heard %d\n", what, how, ::recv(fd, data, sizeof data, MSG_DONTWAIT) == 4);
  };
  say("leave %s", with_any(fd, IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, group, one));
  say(" another family %s", with_any(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, v4(kGroup), one));
  say(" no group %s", with_any(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, one, one));
  say(" join %s", with_any(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, group, two));
  say(" again %s\n", with_any(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, group, two));
  heard("not from there");
  say("join %s\n", with_any(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, group, one));
  heard("from there");
  struct {
    group_filter filter;
    sockaddr_storage more[3];
  } value{};
  value.filter.gf_interface = 1;
  std::memcpy(&value.filter.gf_group, &group, sizeof group);
  value.filter.gf_numsrc = 4;
  socklen_t size = sizeof value;
  say("filter: %s", outcome(::getsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &value, &size)));
  say(" mode %u, %u sources, size %u\n", value.filter.gf_fmode, value.filter.gf_numsrc, size);
  value.filter.gf_fmode = MCAST_EXCLUDE;
  say("set: %s\n", outcome(::setsockopt(fd, IPPROTO_IPV6, MCAST_MSFILTER, &value, GROUP_FILTER_SIZE(2))));
  heard("excluded");
  group_req whole{};
  whole.gr_interface = 1;
  std::memcpy(&whole.gr_group, &group, sizeof group);
  say("leave: %s\n", outcome(::setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_GROUP, &whole, sizeof whole)));
  ::close(fd);
  ::close(sender);
}

int run() {
  four();
  six();
  return 0;
}

const Topic topic("multicast_sources", run);

}  // namespace
