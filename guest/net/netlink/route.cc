// NETLINK_ROUTE (rtnetlink(7)): which request is whose. See Linux's net/core/rtnetlink.c, rtnetlink_rcv_msg().
#include "net/netlink/netlink_socket.h"
#include "net/netlink/objects.h"
#include "task/task.h"

namespace kernel::net::netlink {

namespace {

// Each kind of object has four types, in this order.
constexpr std::uint16_t kKindMask = 3, kGetKind = 2;

bool fill_nothing(Dump&, Answer&) {
  return true;
}

// What can be asked for; null where it cannot be dumped, or asked for one by one.
struct Row {
  std::uint16_t type;
  Dump::Fill fill;
  Result<Handled> (*get)(NetlinkSocket& socket, const Request& request);
};
constexpr Row kRows[] = {
    {kGetLink, fill_links, get_link},
    {kGetAddress, fill_addresses, get_address},
    {kGetRoute, fill_routes, get_route},
    {kGetRule, fill_rules, nullptr},
    {kGetNeighbour, fill_neighbours, get_neighbour},
    {kGetConfiguration, fill_configuration, get_configuration},
    {kGetNamespaceId, fill_nothing, nullptr},  // none that has a number
    {kGetNextHop, fill_nothing, nullptr},
};

}  // namespace

bool is_strict(const Request& request, std::size_t fixed_size, std::initializer_list<std::uint16_t> types) {
  if (!request.has(fixed_size)) return false;
  for (std::size_t at = aligned(fixed_size); at + sizeof(AttributeHeader) <= request.contents.size();) {
    AttributeHeader attribute;
    memcpy(&attribute, request.contents.data() + at, sizeof attribute);
    if (attribute.length < sizeof attribute || attribute.length > request.contents.size() - at) return false;
    bool known = false;
    for (const std::uint16_t type : types) known |= type == (attribute.type & kAttributeTypeMask);
    if (!known) return false;
    at += aligned(attribute.length);
  }
  return true;
}

Result<Handled> handle_route(NetlinkSocket& socket, const Request& request) {
  const std::uint16_t type = request.header.type;
  if (type > kLastRouteType) return Errno::kOpNotSupp;
  if (request.contents.empty()) return Handled::kDone;
  if ((type & kKindMask) != kGetKind) {
    if (!task::current().credentials.can(task::Capability::kNetAdmin)) return Errno::kPerm;
    if (type == kNewLink || type == kSetLink) return change_link(socket, request);
    return Errno::kOpNotSupp;
  }
  for (const Row& row : kRows) {
    if (row.type != type) continue;
    if (request.is_dump()) {
      TRY(socket.start_dump(request, row.fill));
      return Handled::kDumping;
    }
    return row.get ? row.get(socket, request) : Errno::kOpNotSupp;
  }
  return Errno::kOpNotSupp;
}

}  // namespace kernel::net::netlink
