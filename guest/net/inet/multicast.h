// The multicast groups that a socket has joined, and from which sources (ip(7), IP_ADD_MEMBERSHIP and
// IP_ADD_SOURCE_MEMBERSHIP; ipv6(7), IPV6_JOIN_GROUP; RFC 3678). Parsing: multicast_options.cc.
#pragma once

#include <cstdint>

#include "lib/vector.h"
#include "net/inet/address.h"
#include "net/inet/ip_options.h"

namespace kernel::net::inet {

enum class SourceMode : std::uint32_t { kExclude = 0, kInclude = 1 };  // MCAST_EXCLUDE, MCAST_INCLUDE

class Memberships {
 public:
  // kNoProtoOpt if the option is not about groups.
  Result<void> set_option(int level, int name, const OptionInput& value, IpOptions& options);
  Result<void> get_option(int level, int name, OptionOutput& value) const;
  // Whether there is a socket, this one, to which the device would let what the source sends to the group come.
  bool wants(const Address& group, const Address& source) const;
  // Whether a socket with these takes it.
  bool receives(const Address& group, const Address& source, const IpOptions& options) const;

 private:
  static constexpr std::size_t kMost = 20;                             // net.ipv4.igmp_max_memberships
  static constexpr std::size_t kMostSources = 10, kMostSources6 = 64;  // net.ipv4.igmp_max_msf, net.ipv6.mld_max_msf

  struct Membership {
    Address group;
    std::uint32_t device;
    SourceMode mode;
    Vector<Address> sources;  // that are taken, or not taken
    bool named_some = false;  // there were sources: the mode stays
    bool takes(const Address& source) const;
  };
  // A group as an option names it: its device is known.
  struct Group {
    Address address;
    std::uint32_t device;
  };

  Result<void> join(const Group& group, SourceMode mode);
  Result<void> leave(const Group& group);
  Membership* find(const Group& group);
  const Membership* find(const Group& group) const { return const_cast<Memberships*>(this)->find(group); }
  Result<void> change_source(const Group& group, const Address& source, SourceMode mode, bool add);
  Result<void> set_sources(const Group& group, SourceMode mode, Vector<Address> sources);

  Result<void> set_v4_option(int name, const OptionInput& value, IpOptions& options);
  Result<void> set_v6_option(int name, const OptionInput& value);
  Result<void> set_any_option(int name, const OptionInput& value, int family);
  Result<void> set_source_option(int name, const Group& group, const Address& source);
  Result<void> set_v4_filter(const OptionInput& value);
  Result<void> set_group_filter(const OptionInput& value, int family);

  Vector<Membership> joined_;
};

}  // namespace kernel::net::inet
