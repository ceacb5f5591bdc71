// Ports: who has which, and who may have it as well (bind(2), SO_REUSEADDR and SO_REUSEPORT of socket(7)). Each
// protocol has a table of its own.
#pragma once

#include <cstdint>

#include "lib/result.h"
#include "net/inet/address.h"
#include "net/inet/hash_chains.h"

namespace kernel::net::inet {

// net.ipv4.ip_local_port_range, ip_unprivileged_port_start.
inline constexpr std::uint16_t kFirstEphemeral = 32768, kLastEphemeral = 60999;
inline constexpr std::uint16_t kFirstUnprivileged = 1024;

// What has a port: a socket, or what is left of a connection (TIME_WAIT).
class PortHolder {
 public:
  PortHolder() = default;
  PortHolder(const PortHolder&) = delete;
  PortHolder& operator=(const PortHolder&) = delete;

  struct Sharing {
    bool reuse_address = false;
    bool reuse_port = false;
    bool v6_only = false;
    bool listening = false;
    bool ended = false;           // only remembered
    bool for_connection = false;  // it got the port by connecting, and shares it with others of that kind
    std::uint32_t uid = 0;
    std::uint32_t device = 0;  // SO_BINDTODEVICE
  };
  virtual Sharing sharing() const = 0;

  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }
  std::uint16_t port() const { return local_.port; }

  HashLink<PortHolder> port_link;
  HashLink<PortHolder> connection_link;
  HashLink<PortHolder> listener_link;

 protected:
  virtual ~PortHolder() = default;
  Endpoint local_;
  Endpoint remote_;
};

// Whether what is sent to one of the two may be meant for the other. A wildcard overlaps with everything of its family,
// and :: with IPv4, too, unless IPV6_V6ONLY says otherwise.
bool addresses_overlap(const PortHolder& a, const PortHolder& b);

class PortTable {
 public:
  // Whether `other`, whose address overlaps, keeps `mine` from having the port, too. `choosing`: there are other ports.
  using Conflict = bool (*)(const PortHolder::Sharing& mine, const PortHolder::Sharing& other, bool choosing);
  explicit constexpr PortTable(Conflict conflict) : conflict_(conflict) {}

  // holder.local_'s address is set. kAddrInUse.
  bool available(const PortHolder& holder, std::uint16_t port, bool choosing);
  // An ephemeral port for which usable() says so, from a random one on (RFC 6056). 0 if there is none.
  template <typename Usable>
  std::uint16_t choose(Usable usable);
  std::uint16_t choose(const PortHolder& holder) {
    return choose([&](std::uint16_t port) { return available(holder, port, true); });
  }
  void insert(PortHolder& holder) { holders_.insert(holder.port(), holder); }

  template <typename Match>
  PortHolder* find(std::uint16_t port, Match match) {
    return holders_.find(port, [&](PortHolder& holder) { return holder.port() == port && match(holder); });
  }
  template <typename Visit>
  void for_each(Visit visit) {
    holders_.for_each(visit);
  }

 private:
  static std::uint16_t random_offset(std::uint16_t range);

  Conflict conflict_;
  HashChains<PortHolder, &PortHolder::port_link, 1024> holders_;
};

template <typename Usable>
std::uint16_t PortTable::choose(Usable usable) {
  constexpr std::uint16_t kRange = kLastEphemeral - kFirstEphemeral + 1;
  const std::uint16_t offset = random_offset(kRange);
  for (std::uint32_t i = 0; i < kRange; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirstEphemeral + (offset + i) % kRange);
    if (usable(port)) return port;
  }
  return 0;
}

// The rules of TCP (inet_csk_bind_conflict() of Linux) and of datagrams (udp_lib_lport_inuse()).
bool stream_ports_conflict(const PortHolder::Sharing& mine, const PortHolder::Sharing& other, bool choosing);
bool datagram_ports_conflict(const PortHolder::Sharing& mine, const PortHolder::Sharing& other, bool choosing);

}  // namespace kernel::net::inet
