// The network devices, as C libraries ask for them: getifaddrs(3), if_nameindex(3), and ioctl(2) (netdevice(7)) of sockets of each family.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

static std::string text_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "none";
  if (!address) return text;
  if (address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text, sizeof text);
  } else if (address->sa_family == AF_PACKET) {
    const auto* packet = reinterpret_cast<const sockaddr_ll*>(address);
    std::snprintf(text, sizeof text, "index %d type %d", packet->sll_ifindex, packet->sll_hatype);
  }
  return text;
}

static void library() {
  ifaddrs* first = nullptr;
  say("getifaddrs %s\n", outcome(::getifaddrs(&first)));
  for (const ifaddrs* each = first; each; each = each->ifa_next) {
    say("%s flags %x %s mask %s broadcast %s%s\n", each->ifa_name, each->ifa_flags, text_of(each->ifa_addr).c_str(),
        text_of(each->ifa_netmask).c_str(), text_of(each->ifa_broadaddr).c_str(), each->ifa_data ? ", counters" : "");
  }
  ::freeifaddrs(first);
  struct if_nameindex* names = ::if_nameindex();
  for (const struct if_nameindex* each = names; each && each->if_index != 0; ++each)
    say("%u %s\n", each->if_index, each->if_name);
  ::if_freenameindex(names);
  say("lo %u", ::if_nametoindex("lo"));
  say(", eth0 %u %s", ::if_nametoindex("eth0"), outcome(-1));
  char name[IF_NAMESIZE] = "";
  say(", 1 %s", ::if_indextoname(1, name) ? name : "none");
  say(", 2 %s %s\n", ::if_indextoname(2, name) ? name : "none", outcome(-1));
}

static void say_value(const ifreq& request) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&request.ifr_ifru);
  for (int i = 0; i < 16; ++i) say("%02x", bytes[i]);
}

struct Request {
  const char* name;
  unsigned long number;
};
static const Request kRead[] = {
    {"flags", SIOCGIFFLAGS},
    {"address", SIOCGIFADDR},
    {"peer", SIOCGIFDSTADDR},
    {"broadcast", SIOCGIFBRDADDR},
    {"netmask", SIOCGIFNETMASK},
    {"metric", SIOCGIFMETRIC},
    {"memory", SIOCGIFMEM},
    {"mtu", SIOCGIFMTU},
    {"hardware", SIOCGIFHWADDR},
    {"encapsulation", SIOCGIFENCAP},
    {"slave", SIOCGIFSLAVE},
    {"index", SIOCGIFINDEX},
    {"private", SIOCGIFPFLAGS},
    {"count", SIOCGIFCOUNT},
    {"queue", SIOCGIFTXQLEN},
    {"map", SIOCGIFMAP},
    {"mii", SIOCGMIIPHY},
    {"link", SIOCSIFLINK},
    {"bond", 0x8994},
    {"time stamps", 0x89b1},
    {"unknown", 0x8999},
    {"wireless", 0x8b01},
};
static const Request kChange[] = {
    {"flags", SIOCSIFFLAGS},     {"metric", SIOCSIFMETRIC},
    {"mtu", SIOCSIFMTU},         {"name", SIOCSIFNAME},
    {"hardware", SIOCSIFHWADDR}, {"queue", SIOCSIFTXQLEN},
    {"map", SIOCSIFMAP},         {"group", SIOCADDMULTI},
    {"no group", SIOCDELMULTI},  {"hardware broadcast", SIOCSIFHWBROADCAST},
};

static void requests(int family, int type) {
  const int fd = ::socket(family, type, 0);
  say("-- family %d type %d\n", family, type);
  for (const char* device : {"lo", "eth0", ""}) {
    for (const Request& each : kRead) {
      ifreq request{};
      std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
      const int done = ::ioctl(fd, each.number, &request);
      say("%s %s %s ", device, each.name, outcome(done));
      if (done == 0) say_value(request);
      say("\n");
    }
  }
  ifreq request{};
  request.ifr_ifindex = 1;
  const int named = ::ioctl(fd, SIOCGIFNAME, &request);
  say("name %s %s", outcome(named), request.ifr_name);
  request.ifr_ifindex = 7;
  say(", seventh %s, nowhere %s\n", outcome(::ioctl(fd, SIOCGIFNAME, &request)), outcome(::ioctl(fd, SIOCGIFFLAGS, 8)));
  ifreq room[3];
  for (const int size : {0, 39, 40, 120}) {
    std::memset(room, 0, sizeof room);
    ifconf configuration{};
    configuration.ifc_len = size;
    configuration.ifc_req = room;
    const int done = ::ioctl(fd, SIOCGIFCONF, &configuration);
    say("configuration %d %s %d %s ", size, outcome(done), configuration.ifc_len, room[0].ifr_name);
    say_value(room[0]);
    say("\n");
  }
  ifconf configuration{};
  const int sized = ::ioctl(fd, SIOCGIFCONF, &configuration);
  say("its size %s %d\n", outcome(sized), configuration.ifc_len);
  ::close(fd);
}

static void changes() {
  say_end("nobody", in_child([] {
            ::setuid(65534);
            const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
            for (const Request& each : kChange) {
              ifreq request{};
              std::strcpy(request.ifr_name, "lo");
              say("%s %s\n", each.name, outcome(::ioctl(fd, each.number, &request)));
            }
            ifreq request{};
            std::strcpy(request.ifr_name, "lo");
            request.ifr_addr.sa_family = AF_INET;
            say("address %s, netmask %s\n", outcome(::ioctl(fd, SIOCSIFADDR, &request)),
                outcome(::ioctl(fd, SIOCSIFNETMASK, &request)));
            return 0;
          }));
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  say("up %s, of another", outcome(::ioctl(fd, SIOCSIFFLAGS, &request)));
  std::strcpy(request.ifr_name, "eth0");
  say(" %s\n", outcome(::ioctl(fd, SIOCSIFFLAGS, &request)));
  ::close(fd);
}

static int run() {
  library();
  requests(AF_INET, SOCK_DGRAM);
  requests(AF_INET6, SOCK_DGRAM);
  requests(AF_UNIX, SOCK_STREAM);
  requests(AF_NETLINK, SOCK_RAW);
  changes();
  return 0;
}

static const Topic topic("interfaces", run);
