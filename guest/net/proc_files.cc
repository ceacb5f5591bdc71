// /proc/net (proc(5)): the tables of sockets are in net/inet/proc.h and net/unix/proc.h; what is about devices, routes and counters is here.
// There is one device and nothing that could be sent to, so most of it never changes.
#include "net/proc_files.h"

#include "net/inet/counters.h"
#include "net/inet/inspect.h"
#include "net/inet/proc.h"
#include "net/unix/proc.h"

namespace kernel::net {

namespace {

using fs::ProcNode;
using fs::ProcText;

void write_devices(ProcText& text) {
  text.put("Inter-|   Receive                                                |  Transmit\n");
  text.put(" face |bytes    packets errs drop fifo frame compressed multicast|");
  text.put("bytes    packets errs drop fifo colls carrier compressed\n");
  const inet::LoopbackCounters count = inet::loopback_counters();
  text.put("    lo: ");
  text.put_number(count.bytes, 10, 7, ' ');
  text.put(" ");
  text.put_number(count.packets, 10, 7, ' ');
  text.put("    0    0    0     0          0         0 ");
  text.put_number(count.bytes, 10, 8, ' ');
  text.put(" ");
  text.put_number(count.packets, 10, 7, ' ');
  text.put("    0    0    0     0       0          0\n");
}

void write_routes(ProcText& text) {
  text.put("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
  text.pad_to(127);
  text.put("\n");
}

constexpr std::string_view kNoAddress6 = "00000000000000000000000000000000";

void write_routes6(ProcText& text) {
  const auto put_line = [&](std::string_view destination, std::string_view rest) {
    text.print("{} {} 00 {} {}       lo\n", destination, kNoAddress6, kNoAddress6, rest);
  };
  put_line("00000000000000000000000000000000 00", "ffffffff 00000001 00000000 00200200");
  put_line("00000000000000000000000000000001 80", "00000000 00000002 00000000 80200001");
  put_line("00000000000000000000000000000000 00", "ffffffff 00000001 00000000 00200200");
}

void write_addresses6(ProcText& text) {
  text.put("00000000000000000000000000000001 01 80 10 80       lo\n");
}

void write_multicast(ProcText& text) {
  text.put("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
  text.put("1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n");
}

void write_multicast6(ProcText& text) {
  text.put("1    lo              ff020000000000000000000000000001     1 0000000C 0\n");
  text.put("1    lo              ff010000000000000000000000000001     1 00000008 0\n");
}

// Counters that nothing counts: the protocols are not spoken, they are short-circuited.
void write_counters(ProcText& text, std::string_view name, std::string_view fields, std::string_view values) {
  text.print("{}: {}\n", name, fields);
  text.print("{}: {}\n", name, values);
}

void write_snmp(ProcText& text) {
  text.put(
      "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards "
      "InDelivers ");
  text.put(
      "OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates ");
  text.put("OutTransmits\n");
  const std::uint64_t packets = inet::loopback_counters().packets;
  text.print("Ip: 2 64 {} 0 0 0 0 0 {} {} 0 0 0 0 0 0 0 0 0 {}\n", packets, packets, packets, packets);
  text.put(
      "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos ");
  text.put("InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal ");
  text.put(
      "OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps ");
  text.put("OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps\n");
  text.put("Icmp: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
  text.put("Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab ");
  text.put("InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n");
  unsigned established = 0;
  inet::for_each_tcp([&](const inet::SocketView& socket) {
    established += socket.state == inet::TcpState::kEstablished || socket.state == inet::TcpState::kCloseWait;
  });
  const inet::TcpCounters& tcp = inet::g_tcp_counters;
  text.print("Tcp: 1 200 120000 -1 {} {} {} {} {} 0 0 0 0 {} 0\n", tcp.active_opens, tcp.passive_opens,
             tcp.failed_attempts, tcp.established_resets, established, tcp.resets_sent);
  constexpr std::string_view kDatagrams =
      "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors";
  const inet::UdpCounters& udp = inet::g_udp_counters;
  text.print("Udp: {}\n", kDatagrams);
  text.print("Udp: {} {} {} {} {} 0 0 0 0\n", udp.received, udp.no_ports, udp.errors, udp.sent, udp.no_room);
  write_counters(text, "UdpLite", kDatagrams, "0 0 0 0 0 0 0 0 0");
}

void write_netstat(ProcText& text) {
  // Those that programs look for by name; a kernel has those that it has.
  write_counters(
      text, "TcpExt",
      "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned OfoPruned TW "
      "TWRecycled TWKilled DelayedACKs ListenOverflows ListenDrops TCPTimeouts TCPAbortOnData TCPAbortOnClose "
      "TCPAbortOnMemory TCPAbortOnTimeout TCPBacklogDrop TCPRcvCoalesce TCPRetransFail TCPSynRetrans "
      "TCPOrigDataSent TCPKeepAlive TCPDelivered TCPDSACKRecv TCPDSACKOfoRecv",
      "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0");
  const std::uint64_t bytes = inet::loopback_counters().bytes;
  text.put("IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets OutOctets ");
  text.put(
      "InMcastOctets OutMcastOctets InBcastOctets OutBcastOctets InCsumErrors InNoECTPkts InECT1Pkts InECT0Pkts "
      "InCEPkts ");
  text.put("ReasmOverlaps\n");
  text.print("IpExt: 0 0 0 0 0 0 {} {} 0 0 0 0 0 0 0 0 0 0\n", bytes, bytes);
}

// The columns of proto_seq_show(); sizes and counts are those of a kernel that keeps none.
void write_protocols(ProcText& text) {
  text.put(
      "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp "
      "em\n");
  for (const std::string_view name :
       {"RAWv6", "UDPv6", "TCPv6", "UNIX-STREAM", "UNIX", "RAW", "UDP", "TCP", "NETLINK"}) {
    text.put(name);
    for (std::size_t i = name.size(); i < 9; ++i) text.put(" ");
    text.put(
        "    0      0      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n\n");
  }
}

constexpr ProcNode heading(std::string_view name, void (*write)(ProcText&)) {
  return {.name = name, .generate = write};
}

constexpr ProcNode kFiles[] = {
    heading("arp",
            [](ProcText& text) {
              text.put("IP address       HW type     Flags       HW address            Mask     Device\n");
            }),
    {.name = "dev", .generate = write_devices},
    {.name = "dev_mcast", .generate = [](ProcText&) {}},
    {.name = "icmp", .generate = inet::write_proc_icmp},
    {.name = "icmp6", .generate = inet::write_proc_icmp6},
    {.name = "if_inet6", .generate = write_addresses6},
    {.name = "igmp", .generate = write_multicast},
    {.name = "igmp6", .generate = write_multicast6},
    {.name = "ipv6_route", .generate = write_routes6},
    {.name = "netstat", .generate = write_netstat},
    heading("packet",
            [](ProcText& text) { text.put("sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"); }),
    {.name = "protocols", .generate = write_protocols},
    {.name = "raw", .generate = inet::write_proc_raw},
    {.name = "raw6", .generate = inet::write_proc_raw6},
    {.name = "route", .generate = write_routes},
    {.name = "snmp", .generate = write_snmp},
    {.name = "sockstat", .generate = inet::write_sockstat},
    {.name = "sockstat6", .generate = inet::write_sockstat6},
    {.name = "tcp", .generate = inet::write_proc_tcp},
    {.name = "tcp6", .generate = inet::write_proc_tcp6},
    {.name = "udp", .generate = inet::write_proc_udp},
    {.name = "udp6", .generate = inet::write_proc_udp6},
    {.name = "udplite", .generate = inet::write_proc_udp_lite},
    {.name = "udplite6", .generate = inet::write_proc_udp_lite6},
    {.name = "unix", .generate = write_proc_unix},
};

}  // namespace

std::span<const ProcNode> proc_files() {
  return kFiles;
}

}  // namespace kernel::net
