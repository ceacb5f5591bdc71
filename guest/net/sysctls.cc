// /proc/sys/net (Documentation/networking/ip-sysctl.rst of Linux): what servers read. All values are what the code does, and none can be
// changed.
#include "net/inet/ip_options.h"
#include "net/inet/ports.h"
#include "net/inet/tcp_options.h"
#include "net/inet/tcp_table.h"
#include "net/proc_files.h"
#include "net/socket_options.h"

namespace kernel::net {

namespace {

using fs::ProcNode;
using fs::ProcText;

template <auto kValue>
void write_number(ProcText& text) {
  text.print("{}\n", kValue);
}
template <auto kValue>
constexpr ProcNode number(std::string_view name) {
  return {.name = name, .generate = write_number<kValue>};
}
template <const auto& kNodes>
constexpr ProcNode directory(std::string_view name) {
  return {.name = name, .children = [] { return std::span<const ProcNode>(kNodes); }};
}

constexpr ProcNode kCore[] = {
    number<kMostOptionMemory>("optmem_max"), number<kDefaultBuffer>("rmem_default"), number<kMostBuffer>("rmem_max"),
    number<kMostBacklog>("somaxconn"),       number<kDefaultBuffer>("wmem_default"), number<kMostBuffer>("wmem_max"),
};

// Of each device, and of all.
constexpr ProcNode kDevice4[] = {
    number<0>("accept_local"), number<0>("forwarding"),     number<0>("mc_forwarding"), number<0>("proxy_arp"),
    number<0>("rp_filter"),    number<0>("route_localnet"), number<0>("arp_ignore"),    number<0>("arp_announce"),
};
constexpr ProcNode kDevices4[] = {directory<kDevice4>("all"), directory<kDevice4>("default"),
                                  directory<kDevice4>("lo")};

void write_text(ProcText& text, std::string_view value) {
  text.put(value);
  text.put("\n");
}

constexpr ProcNode kInet4[] = {
    directory<kDevices4>("conf"),
    number<inet::kDefaultTtl>("ip_default_ttl"),
    number<0>("ip_forward"),
    {.name = "ip_local_port_range",
     .generate = [](ProcText& text) { text.print("{}\t{}\n", inet::kFirstEphemeral, inet::kLastEphemeral); }},
    {.name = "ip_local_reserved_ports", .generate = [](ProcText& text) { write_text(text, ""); }},
    number<0>("ip_nonlocal_bind"),
    number<inet::kFirstUnprivileged>("ip_unprivileged_port_start"),
    number<20>("igmp_max_memberships"),
    // Nobody: ping sockets are refused.
    {.name = "ping_group_range", .generate = [](ProcText& text) { write_text(text, "1\t0"); }},
    {.name = "tcp_available_congestion_control", .generate = [](ProcText& text) { write_text(text, "reno cubic"); }},
    {.name = "tcp_allowed_congestion_control", .generate = [](ProcText& text) { write_text(text, "reno cubic"); }},
    {.name = "tcp_congestion_control", .generate = [](ProcText& text) { write_text(text, "cubic"); }},
    number<1>("tcp_fastopen"),
    number<inet::TcpOptions{}.linger2>("tcp_fin_timeout"),
    number<inet::TcpOptions{}.keep_interval>("tcp_keepalive_intvl"),
    number<inet::TcpOptions{}.keep_count>("tcp_keepalive_probes"),
    number<inet::TcpOptions{}.keep_idle>("tcp_keepalive_time"),
    number<kMostBacklog>("tcp_max_syn_backlog"),
    number<inet::TcpTable::kMostRemembered>("tcp_max_tw_buckets"),
    // The least, what a socket begins with, and the most.
    {.name = "tcp_rmem", .generate = [](ProcText& text) { write_text(text, "4096\t131072\t33554432"); }},
    number<1>("tcp_recovery"),
    number<1>("tcp_sack"),
    number<inet::TcpOptions{}.syn_count>("tcp_syn_retries"),
    number<5>("tcp_synack_retries"),
    number<1>("tcp_syncookies"),
    number<1>("tcp_timestamps"),
    number<2>("tcp_tw_reuse"),
    number<1>("tcp_window_scaling"),
    {.name = "tcp_wmem", .generate = [](ProcText& text) { write_text(text, "4096\t16384\t4194304"); }},
    number<4096>("udp_rmem_min"),
    number<4096>("udp_wmem_min"),
};

constexpr ProcNode kDevice6[] = {
    number<0>("disable_ipv6"),
    number<0>("forwarding"),
    number<inet::kDefaultTtl>("hop_limit"),
    number<inet::kLoopbackMtu>("mtu"),
};
constexpr ProcNode kDevices6[] = {directory<kDevice6>("all"), directory<kDevice6>("default"),
                                  directory<kDevice6>("lo")};
constexpr ProcNode kInet6Sysctls[] = {
    number<1>("auto_flowlabels"), number<0>("bindv6only"),       directory<kDevices6>("conf"),
    number<60>("ip6frag_time"),   number<0>("ip_nonlocal_bind"),
};

constexpr ProcNode kUnixSysctls[] = {number<kMostUnixDatagrams>("max_dgram_qlen")};

constexpr ProcNode kTop[] = {directory<kCore>("core"), directory<kInet4>("ipv4"), directory<kInet6Sysctls>("ipv6"),
                             directory<kUnixSysctls>("unix")};
constexpr ProcNode kDirectory[] = {directory<kTop>("net")};

}  // namespace

std::span<const ProcNode> sysctls() {
  return kDirectory;
}

}  // namespace kernel::net
