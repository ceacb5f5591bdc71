#include "net/inet/ports.h"

#include "lib/random.h"

namespace kernel::net::inet {

bool addresses_overlap(const PortHolder& a, const PortHolder& b) {
  const Address& mine = a.local().address;
  const Address& other = b.local().address;
  const auto reaches_v4 = [](const PortHolder& holder) {
    const Address& address = holder.local().address;
    return address.is_v4() || (address.is_any() && !holder.sharing().v6_only);
  };
  const bool both_v4 = reaches_v4(a) && reaches_v4(b);
  const bool both_v6 = !mine.is_v4() && !other.is_v4();
  if (!both_v4 && !both_v6) return false;
  return mine == other || mine.is_any() || other.is_any();
}

bool PortTable::available(const PortHolder& holder, std::uint16_t port, bool choosing) {
  const PortHolder::Sharing mine = holder.sharing();
  return !find(port, [&](const PortHolder& other) {
    if (&other == &holder || !addresses_overlap(holder, other)) return false;
    const PortHolder::Sharing theirs = other.sharing();
    if (mine.device != 0 && theirs.device != 0 && mine.device != theirs.device) return false;
    return conflict_(mine, theirs, choosing);
  });
}

std::uint16_t PortTable::random_offset(std::uint16_t range) {
  return static_cast<std::uint16_t>(random_value<std::uint32_t>() % range);
}

bool stream_ports_conflict(const PortHolder::Sharing& mine, const PortHolder::Sharing& other, bool choosing) {
  if (choosing) return true;
  const bool one_group = mine.reuse_port && other.reuse_port && (other.ended || mine.uid == other.uid);
  if (one_group) return false;
  // Who listens shares with nobody who does not belong to its group.
  const bool reused = mine.reuse_address && other.reuse_address && !other.listening;
  return !reused;
}

bool datagram_ports_conflict(const PortHolder::Sharing& mine, const PortHolder::Sharing& other, bool choosing) {
  if (mine.reuse_address && other.reuse_address) return false;
  if (choosing) return true;
  return !(mine.reuse_port && other.reuse_port && mine.uid == other.uid);
}

}  // namespace kernel::net::inet
