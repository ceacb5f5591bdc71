// See ip_mc_join_group(), ip_mc_source() and ip_mc_msfilter() of Linux's net/ipv4/igmp.c, and their likes in mcast.c of IPv6.
#include "net/inet/multicast.h"

#include <utility>

namespace kernel::net::inet {

namespace {

constexpr std::size_t kNone = ~std::size_t{0};

std::size_t index_of(const Vector<Address>& addresses, const Address& address) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i] == address) return i;
  }
  return kNone;
}

}  // namespace

bool Memberships::Membership::takes(const Address& source) const {
  const bool listed = index_of(sources, source) != kNone;
  return mode == SourceMode::kInclude ? listed : !listed;
}

Memberships::Membership* Memberships::find(const Group& group) {
  for (Membership& joined : joined_) {
    if (joined.group == group.address && (group.device == 0 || joined.device == group.device)) return &joined;
  }
  return nullptr;
}

Result<void> Memberships::join(const Group& group, SourceMode mode) {
  if (find(group)) return Errno::kAddrInUse;
  if (joined_.size() >= kMost) return Errno::kNoBufs;
  return joined_.push_back({group.address, group.device, mode, {}, false});
}

Result<void> Memberships::leave(const Group& group) {
  Membership* joined = find(group);
  if (!joined) return Errno::kAddrNotAvail;
  joined_.erase(static_cast<std::size_t>(joined - joined_.data()));
  return {};
}

Result<void> Memberships::change_source(const Group& group, const Address& source, SourceMode mode, bool add) {
  Membership* joined = find(group);
  if (!joined) return Errno::kInval;
  // Before a source is named, the mode may change.
  if (joined->mode != mode && joined->named_some) return Errno::kInval;
  joined->mode = mode;
  const std::size_t index = index_of(joined->sources, source);
  if (add == (index != kNone)) return Errno::kAddrNotAvail;
  if (add) {
    if (joined->sources.size() >= (group.address.is_v4() ? kMostSources : kMostSources6)) return Errno::kNoBufs;
    joined->named_some = true;
    return joined->sources.push_back(source);
  }
  // Nothing from nobody is no membership.
  if (joined->sources.size() == 1 && mode == SourceMode::kInclude) return leave(group);
  joined->sources.erase(index);
  return {};
}

Result<void> Memberships::set_sources(const Group& group, SourceMode mode, Vector<Address> sources) {
  if (mode == SourceMode::kInclude && sources.empty()) return leave(group);
  Membership* joined = find(group);
  if (!joined) return Errno::kInval;
  joined->mode = mode;
  joined->sources = std::move(sources);
  joined->named_some = !joined->sources.empty();
  return {};
}

bool Memberships::wants(const Address& group, const Address& source) const {
  for (const Membership& joined : joined_) {
    if (joined.group == group && joined.takes(source)) return true;
  }
  return false;
}

// Who has not joined the group takes what others have joined, unless it says that it does not (IP_MULTICAST_ALL).
bool Memberships::receives(const Address& group, const Address& source, const IpOptions& options) const {
  if (const Membership* joined = find({group, 0})) return joined->takes(source);
  return group.is_v4() ? options.multicast_all : options.multicast_all6;
}

}  // namespace kernel::net::inet
