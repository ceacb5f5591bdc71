// What NETLINK_ROUTE tells: links, addresses, routes, rules, neighbours (rtnetlink(7)). A Fill for each kind, which checks the
// request as Linux does where NETLINK_GET_STRICT_CHK is set, and single requests.
#pragma once

#include <initializer_list>

#include "net/netlink/netlink_socket.h"

namespace kernel::net::netlink {

// links.cc
bool fill_links(Dump& dump, Answer& answer);
Result<Handled> get_link(NetlinkSocket& socket, const Request& request);
// Success for what asks for nothing that is not so already ("ip link set lo up"), else kOpNotSupp.
Result<Handled> change_link(NetlinkSocket& socket, const Request& request);

// addresses.cc
bool fill_addresses(Dump& dump, Answer& answer);
Result<Handled> get_address(NetlinkSocket& socket, const Request& request);

// routes.cc
bool fill_routes(Dump& dump, Answer& answer);
Result<Handled> get_route(NetlinkSocket& socket, const Request& request);
bool fill_rules(Dump& dump, Answer& answer);
bool fill_neighbours(Dump& dump, Answer& answer);
bool fill_configuration(Dump& dump, Answer& answer);
Result<Handled> get_neighbour(NetlinkSocket& socket, const Request& request);
Result<Handled> get_configuration(NetlinkSocket& socket, const Request& request);

// Whether the fixed part is there and all attributes behind it are of these types. For strict checks.
bool is_strict(const Request& request, std::size_t fixed_size, std::initializer_list<std::uint16_t> types);

}  // namespace kernel::net::netlink
