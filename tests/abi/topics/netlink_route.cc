// rtnetlink(7): links, addresses, routes, rules and neighbours of a machine with nothing but lo, as ip(8), C libraries and language
// runtimes ask for them.
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>

#include "../netlink_helpers.h"

using namespace abi;

// Statistics, settings, time stamps.
static const std::initializer_list<int> kLinkUnsaid = {IFLA_STATS, IFLA_STATS64, IFLA_AF_SPEC, IFLA_PROTINFO};

static Bytes link_body(int index = 0, int family = 0, unsigned flags = 0) {
  ifinfomsg body{};
  body.ifi_family = static_cast<unsigned char>(family);
  body.ifi_index = index;
  body.ifi_flags = flags;
  return bytes_of(body);
}

static Bytes address_body(int family, int index = 0, int flags = 0) {
  ifaddrmsg body{};
  body.ifa_family = static_cast<unsigned char>(family);
  body.ifa_index = static_cast<unsigned>(index);
  body.ifa_flags = static_cast<unsigned char>(flags);
  return bytes_of(body);
}

static Bytes route_body(int family, int table = 0, int length = 0, int type = 0, int protocol = 0) {
  rtmsg body{};
  body.rtm_family = static_cast<unsigned char>(family);
  body.rtm_table = static_cast<unsigned char>(table);
  body.rtm_dst_len = static_cast<unsigned char>(length);
  body.rtm_type = static_cast<unsigned char>(type);
  body.rtm_protocol = static_cast<unsigned char>(protocol);
  return bytes_of(body);
}

static Bytes with(Bytes body, const Bytes& more) {
  append(body, more);
  return body;
}

static void links(int fd, int strict) {
  const std::size_t fixed = sizeof(ifinfomsg);
  say_request("links", fd, RTM_GETLINK, NLM_F_DUMP, link_body(), fixed, kLinkUnsaid);
  say_request("links of IPv6", fd, RTM_GETLINK, NLM_F_DUMP, link_body(0, AF_INET6), fixed, kLinkUnsaid);
  say_request("without statistics", fd, RTM_GETLINK, NLM_F_DUMP,
              with(link_body(), attribute(IFLA_EXT_MASK, bytes_of(8 | 1))), fixed, kLinkUnsaid);
  say_request("a family is enough", fd, RTM_GETLINK, NLM_F_DUMP, Bytes{0}, fixed, kLinkUnsaid);
  say_request("one bit of a dump", fd, RTM_GETLINK, NLM_F_ROOT, link_body(), fixed, kLinkUnsaid);
  say_request("of a master", fd, RTM_GETLINK, NLM_F_DUMP, with(link_body(), attribute(IFLA_MASTER, bytes_of(5))),
              fixed);
  say_request("first", fd, RTM_GETLINK, 0, link_body(1), fixed, kLinkUnsaid);
  say_request("first, acknowledged", fd, RTM_GETLINK, NLM_F_ACK, link_body(1), fixed, kLinkUnsaid);
  say_answer("the acknowledgement", fd, fixed);
  say_request("lo", fd, RTM_GETLINK, 0, with(link_body(), attribute(IFLA_IFNAME, "lo")), fixed, kLinkUnsaid);
  say_request("lo otherwise", fd, RTM_GETLINK, 0, with(link_body(), attribute(IFLA_ALT_IFNAME, "lo")), fixed,
              kLinkUnsaid);
  say_request("eth0", fd, RTM_GETLINK, 0, with(link_body(), attribute(IFLA_IFNAME, "eth0")), fixed);
  say_request("seventh", fd, RTM_GETLINK, 0, link_body(7), fixed);
  say_request("none", fd, RTM_GETLINK, 0, link_body(), fixed);
  if (!strict) return;
  say_request("dump of one", fd, RTM_GETLINK, NLM_F_DUMP, link_body(1), fixed);
  say_request("dump with flags", fd, RTM_GETLINK, NLM_F_DUMP, link_body(0, 0, 1), fixed);
  say_request("unknown attribute", fd, RTM_GETLINK, 0, with(link_body(1), attribute(200, bytes_of(1))), fixed);
}

static void addresses(int fd, int strict) {
  const std::size_t fixed = sizeof(ifaddrmsg);
  for (const int family : {AF_UNSPEC, AF_INET, AF_INET6, AF_PACKET}) {
    say("family %d ", family);
    say_request("addresses", fd, RTM_GETADDR, NLM_F_DUMP, address_body(family), fixed, {IFA_CACHEINFO});
  }
  say_request("of lo", fd, RTM_GETADDR, NLM_F_DUMP, address_body(AF_INET, 1), fixed, {IFA_CACHEINFO});
  if (strict) say_request("of the seventh", fd, RTM_GETADDR, NLM_F_DUMP, address_body(AF_INET, 7), fixed);
  if (strict) say_request("flags", fd, RTM_GETADDR, NLM_F_DUMP, address_body(AF_INET, 0, 1), fixed);
  Bytes loopback(16);
  loopback[15] = 1;
  say_request("::1", fd, RTM_GETADDR, 0, with(address_body(AF_INET6), attribute(IFA_ADDRESS, loopback)), fixed,
              {IFA_CACHEINFO});
  loopback[15] = 2;
  say_request("::2", fd, RTM_GETADDR, 0, with(address_body(AF_INET6), attribute(IFA_ADDRESS, loopback)), fixed);
  say_request("no address", fd, RTM_GETADDR, 0, address_body(AF_INET6), fixed);
  say_request("one of IPv4", fd, RTM_GETADDR, 0, address_body(AF_INET), fixed);
}

static void routes(int fd, int strict) {
  const std::size_t fixed = sizeof(rtmsg);
  for (const int family : {AF_UNSPEC, AF_INET, AF_INET6}) {
    say("family %d ", family);
    say_request("routes", fd, RTM_GETROUTE, NLM_F_DUMP, route_body(family), fixed);
    for (const int table : {int{RT_TABLE_MAIN}, int{RT_TABLE_LOCAL}, 77}) {
      if (!strict && table != RT_TABLE_MAIN) continue;
      say("family %d table %d ", family, table);
      say_request("routes", fd, RTM_GETROUTE, NLM_F_DUMP, route_body(family, table), fixed);
    }
    if (!strict) continue;
    say_request("by a user", fd, RTM_GETROUTE, NLM_F_DUMP, route_body(family, 0, 0, 0, RTPROT_BOOT), fixed);
    say_request("broadcast", fd, RTM_GETROUTE, NLM_F_DUMP, route_body(family, 0, 0, RTN_BROADCAST), fixed);
    say_request("with a length", fd, RTM_GETROUTE, NLM_F_DUMP, route_body(family, 0, 8), fixed);
    say_request("through lo", fd, RTM_GETROUTE, NLM_F_DUMP, with(route_body(family), attribute(RTA_OIF, bytes_of(1))),
                fixed);
    say_request("through another", fd, RTM_GETROUTE, NLM_F_DUMP,
                with(route_body(family), attribute(RTA_OIF, bytes_of(9))), fixed);
  }
  for (const Bytes& to : {Bytes{127, 0, 0, 1}, Bytes{127, 1, 2, 3}, Bytes{10, 0, 0, 1}}) {
    say_request("to", fd, RTM_GETROUTE, 0, with(route_body(AF_INET, 0, 32), attribute(RTA_DST, to)), fixed,
                {RTA_CACHEINFO});
  }
  for (const unsigned char last : {1, 2}) {
    Bytes to(16);
    to[15] = last;
    say_request("to IPv6", fd, RTM_GETROUTE, 0, with(route_body(AF_INET6, 0, 128), attribute(RTA_DST, to)), fixed,
                {RTA_CACHEINFO});
  }
  for (const int family : {AF_INET, AF_INET6, AF_PACKET}) {
    say_request("rules", fd, RTM_GETRULE, NLM_F_DUMP, route_body(family), sizeof(fib_rule_hdr));
  }
  say_request("one rule", fd, RTM_GETRULE, 0, route_body(AF_INET), fixed);
  if (strict) say_request("rules of a table", fd, RTM_GETRULE, NLM_F_DUMP, route_body(AF_INET, 254), fixed);
}

static void neighbours(int fd, int strict) {
  ndmsg body{};
  say_request("neighbours", fd, RTM_GETNEIGH, NLM_F_DUMP, bytes_of(body), sizeof body);
  body.ndm_family = AF_INET;
  say_request("no address", fd, RTM_GETNEIGH, 0, bytes_of(body), sizeof body);
  body.ndm_ifindex = 1;
  say_request("a neighbour", fd, RTM_GETNEIGH, 0, with(bytes_of(body), attribute(NDA_DST, Bytes{127, 0, 0, 1})),
              sizeof body);
  if (strict) say_request("of lo", fd, RTM_GETNEIGH, NLM_F_DUMP, bytes_of(body), sizeof body);
  say_request("next hops", fd, RTM_GETNEXTHOP, NLM_F_DUMP, Bytes(8), 8);
  say_request("namespaces", fd, RTM_GETNSID, NLM_F_DUMP, Bytes(4), 4);
}

static  // Settings of devices; whether there is forwarding and a filter is the host's.
    void
    configuration() {
  const int fd = netlink(NETLINK_ROUTE), strict = netlink(NETLINK_ROUTE, {NETLINK_GET_STRICT_CHK});
  const auto body = [](int family) { return Bytes{static_cast<unsigned char>(family), 0, 0, 0}; };
  for (const int family : {AF_UNSPEC, AF_INET, AF_INET6, 28}) {
    say_request("configuration", fd, RTM_GETNETCONF, NLM_F_DUMP, body(family), 4, {2, 3});
    say_request("without a device", fd, RTM_GETNETCONF, 0, body(family), 4, {2, 3});
    for (const int device : {1, -1, -2, 9}) {
      Bytes of_device = body(family);
      append(of_device, attribute(1, bytes_of(device)));
      say_request("of a device", fd, RTM_GETNETCONF, 0, of_device, 4, {2, 3});
    }
  }
  say_request("strict", strict, RTM_GETNETCONF, NLM_F_DUMP, body(AF_INET), 4, {2, 3});
  say_request("strict, short", strict, RTM_GETNETCONF, NLM_F_DUMP, Bytes{AF_INET}, 4, {2, 3});
  ::close(fd);
  ::close(strict);
}

int run() {
  for (const int strict : {0, 1}) {
    say("-- %s\n", strict ? "strict" : "as ever");
    const int fd = strict ? netlink(NETLINK_ROUTE, {NETLINK_GET_STRICT_CHK}) : netlink(NETLINK_ROUTE);
    links(fd, strict);
    addresses(fd, strict);
    routes(fd, strict);
    neighbours(fd, strict);
    ::close(fd);
  }
  configuration();
  return 0;
}

static const Topic topic("netlink_route", run);
