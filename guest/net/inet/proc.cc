// See Linux's tcp4_seq_show(), tcp6_seq_show(), udp4_seq_show(), raw_seq_show(): ss(8) and netstat(8) read these by position.
#include "net/inet/proc.h"

#include "lib/time.h"
#include "net/inet/inspect.h"
#include "net/inet/raw_socket.h"

namespace kernel::net::inet {

namespace {

constexpr std::size_t kTcpWidth = 149, kDatagramWidth = 127;  // lines of IPv4 are filled up with spaces
constexpr std::string_view kColumns =
    "local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
constexpr std::string_view kColumns6 =
    "  sl  local_address                         remote_address                        st tx_queue rx_queue tr "
    "tm->when "
    "retrnsmt   uid  timeout inode";
constexpr std::string_view kMoreColumns = " ref pointer drops";
constexpr std::uint64_t kClockTick = kNanosecondsPerSecond / 100;  // USER_HZ

// In capitals, as %X has it.
void put_hexadecimal(fs::ProcText& text, std::uint64_t value, unsigned width) {
  char digits[16];
  for (unsigned i = width; i-- > 0; value >>= 4) digits[i] = "0123456789ABCDEF"[value & 0xf];
  text.put({digits, width});
}

// Addresses as words of the CPU's order, as they lie in memory.
void put_endpoint(fs::ProcText& text, const Endpoint& endpoint, int family) {
  if (family == kInet) {
    put_hexadecimal(text, endpoint.address.is_v4() ? endpoint.address.v4() : 0, 8);
  } else {
    // A socket that is bound to nothing in particular has no family yet.
    const Address address = endpoint.address == Address::of_v4(0) ? Address() : endpoint.address;
    for (std::size_t i = 0; i < 16; i += 4) {
      std::uint32_t word;
      memcpy(&word, address.bytes().data() + i, sizeof word);
      put_hexadecimal(text, word, 8);
    }
  }
  text.put(":");
  put_hexadecimal(text, endpoint.port, 4);
}

// What all lines begin with, up to the inode's number and the count of references.
void put_socket(fs::ProcText& text, unsigned line, unsigned line_width, const SocketView& socket, unsigned references) {
  text.put_number(line, 10, line_width, ' ');
  text.put(": ");
  put_endpoint(text, socket.local, socket.family);
  text.put(" ");
  put_endpoint(text, socket.remote, socket.family);
  text.put(" ");
  put_hexadecimal(text, static_cast<unsigned>(socket.state), 2);
  const bool listens = socket.state == TcpState::kListen;
  text.put(" ");
  put_hexadecimal(text, listens ? 0 : socket.send_queue, 8);
  text.put(":");
  put_hexadecimal(text, socket.receive_queue, 8);
  text.put(" ");
  const bool ended = socket.timer_ns != 0;
  put_hexadecimal(text, ended ? 3 : 0, 2);
  text.put(":");
  const std::uint64_t now = monotonic_ns();
  put_hexadecimal(text, socket.timer_ns > now ? (socket.timer_ns - now) / kClockTick : 0, 8);
  text.put(" 00000000 ");
  text.put_number(socket.uid, 10, 5, ' ');
  text.put("        0 ");
  text.print("{} {} ", socket.inode, references);
  put_hexadecimal(text, 0, 16);  // where it lies is nobody's business
}

// Listeners come first, as on Linux.
void write_tcp(fs::ProcText& text, int family) {
  unsigned line = 0;
  for (const bool listeners : {true, false}) {
    for_each_tcp([&](const SocketView& socket) {
      const bool listens = socket.state == TcpState::kListen;
      if (socket.family != family || listens != listeners || socket.state == TcpState::kClose) return;
      put_socket(text, line++, 4, socket, socket.timer_ns ? 3 : 1);
      // The retransmission time-out, delayed acknowledgements, the congestion window and its threshold.
      if (listens) text.put(" 100 0 0 10 0");
      if (!listens && socket.timer_ns == 0) text.put(" 20 4 30 10 -1");
      if (family == kInet) text.pad_to(kTcpWidth);
      text.put("\n");
    });
  }
}

void write_heading(fs::ProcText& text, std::string_view indent, std::size_t width, std::string_view more) {
  text.put(indent);
  text.put(kColumns);
  text.put(more);
  if (width != 0) text.pad_to(width);
  text.put("\n");
}

void write_heading6(fs::ProcText& text, std::string_view more) {
  text.put(kColumns6);
  text.put(more);
  text.put("\n");
}

void write_datagrams(fs::ProcText& text, PortTable& ports, int family) {
  for_each_datagram(ports, [&](const SocketView& socket) {
    if (socket.family != family) return;
    // Linux counts hash chains here; the port is as good.
    put_socket(text, socket.local.port, 5, socket, 2);
    text.print(" {}", socket.drops);
    if (family == kInet) text.pad_to(kDatagramWidth);
    text.put("\n");
  });
}

void write_raw(fs::ProcText& text, int family) {
  RawSocket::for_each([&](RawSocket& socket) {
    if (socket.family() != family) return;
    SocketView view{.family = family,
                    .state = socket.state(),
                    .local = socket.local(),
                    .remote = socket.remote(),
                    .receive_queue = socket.receive_queue(),
                    .send_queue = 0,
                    .uid = socket.uid(),
                    .inode = inode_number(socket),
                    .drops = socket.drops(),
                    .timer_ns = 0};
    view.local.port = static_cast<std::uint16_t>(socket.protocol());
    put_socket(text, static_cast<unsigned>(socket.protocol()), family == kInet ? 4 : 5, view, 2);
    text.print(" {}\n", socket.drops());
  });
}

struct Counts {
  unsigned tcp = 0, ended = 0, udp = 0, udp_lite = 0, raw = 0;
};
Counts count(int family) {
  Counts counts;
  for_each_tcp([&](const SocketView& socket) {
    if (socket.family != family) return;
    if (socket.timer_ns != 0) {
      ++counts.ended;
    } else if (socket.state != TcpState::kClose) {
      ++counts.tcp;
    }
  });
  for_each_udp([&](const SocketView& socket) { counts.udp += socket.family == family; });
  for_each_datagram(udp_lite_ports(), [&](const SocketView& socket) { counts.udp_lite += socket.family == family; });
  RawSocket::for_each([&](RawSocket& socket) { counts.raw += socket.family() == family; });
  return counts;
}

}  // namespace

void write_proc_tcp(fs::ProcText& text) {
  write_heading(text, "  sl  ", kTcpWidth, "");
  write_tcp(text, kInet);
}

void write_proc_tcp6(fs::ProcText& text) {
  write_heading6(text, "");
  write_tcp(text, kInet6);
}

void write_proc_udp(fs::ProcText& text) {
  write_heading(text, "   sl  ", kDatagramWidth, kMoreColumns);
  write_datagrams(text, udp_ports(), kInet);
}

void write_proc_udp6(fs::ProcText& text) {
  write_heading6(text, kMoreColumns);
  write_datagrams(text, udp_ports(), kInet6);
}

void write_proc_udp_lite(fs::ProcText& text) {
  write_heading(text, "   sl  ", kDatagramWidth, kMoreColumns);
  write_datagrams(text, udp_lite_ports(), kInet);
}

void write_proc_udp_lite6(fs::ProcText& text) {
  write_heading6(text, kMoreColumns);
  write_datagrams(text, udp_lite_ports(), kInet6);
}

void write_proc_raw(fs::ProcText& text) {
  write_heading(text, "  sl  ", 0, kMoreColumns);
  write_raw(text, kInet);
}

void write_proc_raw6(fs::ProcText& text) {
  write_heading6(text, kMoreColumns);
  write_raw(text, kInet6);
}

// Ping sockets, which nobody can have: net.ipv4.ping_group_range is empty.
void write_proc_icmp(fs::ProcText& text) {
  write_heading(text, "  sl  ", kDatagramWidth, kMoreColumns);
}

void write_proc_icmp6(fs::ProcText& text) {
  write_heading6(text, kMoreColumns);
}

void write_sockstat(fs::ProcText& text) {
  const Counts v4 = count(kInet), v6 = count(kInet6);
  const unsigned ended = v4.ended + v6.ended;
  text.print("sockets: used {}\n", Socket::count());
  text.print("TCP: inuse {} orphan 0 tw {} alloc {} mem {}\n", v4.tcp, ended, v4.tcp + v6.tcp,
             (TcpSocket::bytes_under_way() + mm::kPageSize - 1) / mm::kPageSize);
  text.print("UDP: inuse {} mem 0\nUDPLITE: inuse {}\nRAW: inuse {}\nFRAG: inuse 0 memory 0\n", v4.udp, v4.udp_lite,
             v4.raw);
}

void write_sockstat6(fs::ProcText& text) {
  const Counts v6 = count(kInet6);
  text.print("TCP6: inuse {}\nUDP6: inuse {}\nUDPLITE6: inuse {}\nRAW6: inuse {}\nFRAG6: inuse 0 memory 0\n", v6.tcp,
             v6.udp, v6.udp_lite, v6.raw);
}

}  // namespace kernel::net::inet
