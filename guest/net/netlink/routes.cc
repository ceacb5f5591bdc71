// Routes, the rules that choose a table of them, and neighbours, of which a loopback has none. See Linux's fib_dump_info(),
// rt6_fill_node() and fib_nl_fill_rule().
#include <optional>

#include "net/inet/address.h"
#include "net/loopback_device.h"
#include "net/netlink/objects.h"
#include "task/task.h"

namespace kernel::net::netlink {

namespace {

// <linux/rtnetlink.h>
enum RouteAttribute : std::uint16_t {
  kDestination = 1,
  kSource = 2,
  kOutputDevice = 4,
  kPriority = 6,
  kPreferredSource = 7,
  kCacheInfo = 12,
  kTable = 15,
  kPreference = 20,
  kUid = 25,
};
enum : std::uint8_t { kTableDefault = 253, kTableMain = 254, kTableLocal = 255 };
enum : std::uint8_t { kTypeLocal = 2, kTypeBroadcast = 3 };
enum : std::uint8_t { kScopeUniverse = 0, kScopeLink = 253, kScopeHost = 254 };
constexpr std::uint8_t kByKernel = 2;
enum : std::uint32_t { kCloned = 0x200, kPrefixOnly = 0x800, kLocalFlag = 0x8000'0000, kBroadcastFlag = 0x1000'0000 };

struct RouteCacheInfo {
  std::uint32_t references = 0, last_use = 0;
  std::int32_t expires = 0;
  std::uint32_t error = 0, used = 0, id = 0, sequence = 0, age = 0;
};
static_assert(sizeof(RouteCacheInfo) == 32);

struct Route4 {
  std::uint32_t destination;
  std::uint8_t length, scope, type;
};
constexpr Route4 kRoutes4[] = {
    {kLoopbackNetwork, 8, kScopeHost, kTypeLocal},
    {kLoopbackAddress, 32, kScopeHost, kTypeLocal},
    {kLoopbackBroadcast, 32, kScopeLink, kTypeBroadcast},
};

// What a dump is to show.
struct Filter {
  std::uint32_t table = 0;
  std::uint8_t protocol = 0, type = 0;
  bool cloned = false;
  bool takes(std::uint8_t of_type) const {
    return !cloned && (table == 0 || table == kTableLocal) && (protocol == 0 || protocol == kByKernel) &&
           (type == 0 || type == of_type);
  }
};

void put_route4(Answer& answer, const Route4& route) {
  answer.put_body(RouteBody{.family = kInet,
                            .destination_length = route.length,
                            .table = kTableLocal,
                            .protocol = kByKernel,
                            .scope = route.scope,
                            .type = route.type});
  answer.put_u32(kTable, kTableLocal);
  answer.put_u32(kDestination, route.destination);
  answer.put_u32(kPreferredSource, kLoopbackAddress);
  answer.put_u32(kOutputDevice, kLoopbackIndex);
}

// `source` is that of a single request.
void put_route6(Answer& answer, const std::uint8_t (*source)[16]) {
  answer.put_body(RouteBody{.family = kInet6,
                            .destination_length = 128,
                            .source_length = static_cast<std::uint8_t>(source ? 128 : 0),
                            .table = kTableLocal,
                            .protocol = kByKernel,
                            .scope = kScopeUniverse,
                            .type = kTypeLocal});
  answer.put_u32(kTable, kTableLocal);
  answer.put_value(kDestination, kLoopbackAddress6);
  if (source) {
    answer.put_value(kSource, *source);
    answer.put_value(kPreferredSource, kLoopbackAddress6);
  }
  answer.put_u32(kPriority, 0);
  answer.put_u32(kOutputDevice, kLoopbackIndex);
  answer.put_value(kCacheInfo, RouteCacheInfo{.references = source ? 2u : 0u});
  answer.put_u8(kPreference, 0);
}

// ip_valid_fib_dump_req(): what is asked for, or why it cannot be.
Result<Filter> filter_of(const Request& request, bool& filtered) {
  const auto body = request.body<RouteBody>();
  if (body.destination_length || body.source_length || body.tos || body.scope ||
      (body.flags & ~(kCloned | kPrefixOnly)) || !is_strict(request, sizeof body, {kTable, kOutputDevice})) {
    return Errno::kInval;
  }
  Filter filter{
      .table = body.table, .protocol = body.protocol, .type = body.type, .cloned = (body.flags & kCloned) != 0};
  if (const auto table = request.find(sizeof body, kTable)) filter.table = table->as<std::uint32_t>();
  const auto device = request.find(sizeof body, kOutputDevice);
  if (device && device->as<std::int32_t>() != kLoopbackIndex) return Errno::kNoDev;
  filtered = filter.table || filter.protocol || filter.type || filter.cloned || device;
  return filter;
}

struct Rule {
  std::uint8_t family, table;
  std::uint32_t priority;
};
constexpr Rule kRules[] = {
    {kInet, kTableLocal, 0},  {kInet, kTableMain, 32766},  {kInet, kTableDefault, 32767},
    {kInet6, kTableLocal, 0}, {kInet6, kTableMain, 32766},
};

// struct fib_rule_hdr, and <linux/fib_rules.h>.
struct RuleBody {
  std::uint8_t family = 0, destination_length = 0, source_length = 0, tos = 0, table = 0, reserved[2] = {}, action = 0;
  std::uint32_t flags = 0;
};
static_assert(sizeof(RuleBody) == 12);
constexpr std::uint8_t kActionToTable = 1;
enum RuleAttribute : std::uint16_t { kRulePriority = 6, kSuppressPrefix = 14, kRuleTable = 15, kRuleProtocol = 21 };

void put_rule(Answer& answer, const Rule& rule) {
  answer.put_body(RuleBody{.family = rule.family, .table = rule.table, .action = kActionToTable});
  answer.put_u32(kRuleTable, rule.table);
  answer.put_u32(kSuppressPrefix, ~0u);
  answer.put_u8(kRuleProtocol, kByKernel);
  if (rule.priority != 0) answer.put_u32(kRulePriority, rule.priority);
}

bool failed(Dump& dump, Errno error) {
  dump.result = -static_cast<std::int32_t>(error);
  return true;
}

}  // namespace

bool fill_routes(Dump& dump, Answer& answer) {
  const Request request = dump.request();
  const int family = request.family();
  Filter filter;
  bool filtered = false;
  if (dump.strict) {
    auto checked = filter_of(request, filtered);
    if (!checked) return failed(dump, checked.error());
    filter = checked.value();
    dump.flags |= kDumpFiltered;
    const bool known = filter.table == 0 || filter.table == kTableMain || filter.table == kTableLocal;
    if (!known && (family == kInet || family == kInet6)) return failed(dump, Errno::kNoEnt);
  }
  dump.done_apart = true;
  if (family != kInet6) {
    for (const Route4& route : kRoutes4) {
      if (!filter.takes(route.type)) continue;
      dump.begin(answer, kNewRoute);
      put_route4(answer, route);
      answer.end();
    }
  }
  if (family != kInet && filter.takes(kTypeLocal)) {
    dump.begin(answer, kNewRoute);
    put_route6(answer, nullptr);
    answer.end();
  }
  if (!filtered) dump.flags = kMulti;  // of NLMSG_DONE
  return true;
}

// "ip route get": how something would be sent.
Result<Handled> get_route(NetlinkSocket& socket, const Request& request) {
  const auto body = request.body<RouteBody>();
  if (!request.has(sizeof body)) return Errno::kInval;
  const auto destination = request.find(sizeof body, kDestination);
  const auto device = request.find(sizeof body, kOutputDevice);
  if (device && device->as<std::int32_t>() != 0 && device->as<std::int32_t>() != kLoopbackIndex) return Errno::kNoDev;
  if (body.family == kInet6) {
    constexpr std::uint8_t kAny[16] = {};
    if (!destination || destination->data.size() < sizeof kAny) return Errno::kInval;
    if (memcmp(destination->data.data(), kLoopbackAddress6, sizeof kAny) != 0) return Errno::kNetUnreach;
    std::uint8_t source[16] = {};
    const auto given = request.find(sizeof body, kSource);
    if (given && given->data.size() >= sizeof source) memcpy(source, given->data.data(), sizeof source);
    Ref<Answer> answer = TRY(socket.begin_answer(request, kNewRoute));
    put_route6(*answer, &source);
    answer->end();
    TRY(socket.deliver(std::move(answer)));
    return Handled::kDone;
  }
  if (body.family != kInet) return Errno::kOpNotSupp;
  const auto address = destination ? destination->as<std::uint32_t>() : 0;
  if (address != 0 && (address & 0xff) != 127) return Errno::kNetUnreach;
  const bool broadcast = address == kLoopbackBroadcast;
  constexpr std::uint8_t kTableSaid =
      kTableMain;  // as Linux has it where no table was looked into, whatever RTM_F_LOOKUP_TABLE asks
  Ref<Answer> answer = TRY(socket.begin_answer(request, kNewRoute));
  answer->put_body(
      RouteBody{.family = kInet,
                .destination_length = 32,
                .tos = body.tos,
                .table = kTableSaid,
                .type = broadcast ? kTypeBroadcast : kTypeLocal,
                .flags = std::uint32_t{kCloned} | kLocalFlag | (broadcast ? std::uint32_t{kBroadcastFlag} : 0)});
  answer->put_u32(kTable, kTableSaid);
  if (address != 0) answer->put_u32(kDestination, address);
  answer->put_u32(kOutputDevice, kLoopbackIndex);
  answer->put_u32(kPreferredSource, kLoopbackAddress);
  answer->put_u32(kUid, task::current().credentials.uid);
  answer->put_value(kCacheInfo, RouteCacheInfo{.references = 2});
  answer->end();
  TRY(socket.deliver(std::move(answer)));
  return Handled::kDone;
}

bool fill_rules(Dump& dump, Answer& answer) {
  const Request request = dump.request();
  const int family = request.family();
  if (dump.strict) {
    const auto body = request.body<RuleBody>();
    if (body.destination_length || body.source_length || body.tos || body.table || body.reserved[0] ||
        body.reserved[1] || body.action || body.flags || !is_strict(request, sizeof body, {})) {
      return failed(dump, Errno::kInval);
    }
  }
  if (family != 0 && family != kInet && family != kInet6) return failed(dump, Errno::kAfNoSupport);
  for (const Rule& rule : kRules) {
    if (family != 0 && family != rule.family) continue;
    dump.begin(answer, kNewRule);
    put_rule(answer, rule);
    answer.end();
  }
  return true;
}

enum NeighbourAttribute : std::uint16_t { kNeighbourDestination = 1, kNeighbourDevice = 8, kNeighbourMaster = 9 };

bool fill_neighbours(Dump& dump, Answer&) {
  constexpr std::uint8_t kProxies = 8;
  const Request request = dump.request();
  if (!dump.strict) return true;
  const auto body = request.body<NeighbourBody>();
  if (body.padding[0] || body.padding[1] || body.padding[2] || body.index || body.state || body.type ||
      (body.flags & ~kProxies) || !is_strict(request, sizeof body, {kNeighbourDevice, kNeighbourMaster})) {
    return failed(dump, Errno::kInval);
  }
  return true;
}

Result<Handled> get_neighbour(NetlinkSocket&, const Request& request) {
  const auto body = request.body<NeighbourBody>();
  if (!request.has(sizeof body) || !request.find(sizeof body, kNeighbourDestination)) return Errno::kInval;
  if (body.family != kInet && body.family != kInet6) return Errno::kAfNoSupport;
  if (body.index == 0) return Errno::kInval;
  return body.index == kLoopbackIndex ? Errno::kNoEnt : Errno::kNoDev;
}

}  // namespace kernel::net::netlink
