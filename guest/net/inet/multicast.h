// The multicast groups that a socket has joined (ip(7), IP_ADD_MEMBERSHIP; ipv6(7), IPV6_JOIN_GROUP; RFC 3678).
#pragma once

#include <cstdint>

#include "lib/vector.h"
#include "net/inet/address.h"
#include "net/inet/ip_options.h"

namespace kernel::net::inet {

class Memberships {
 public:
  // kNoProtoOpt if the option is not about groups.
  Result<void> set_option(int level, int name, const OptionInput& value, IpOptions& options);
  bool has_joined(const Address& group) const;
  // Whether a socket with these takes what is sent to the group.
  bool receives(const Address& group, const IpOptions& options) const;

 private:
  static constexpr std::size_t kMost = 20;  // net.ipv4.igmp_max_memberships
  Result<void> join(const Address& group, std::uint32_t device);
  Result<void> leave(const Address& group, std::uint32_t device);

  struct Membership {
    Address group;
    std::uint32_t device;
  };
  Vector<Membership> joined_;
};

}  // namespace kernel::net::inet
