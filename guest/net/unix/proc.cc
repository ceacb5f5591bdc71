#include "net/unix/proc.h"

#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

// Linux's socket_state; a socket that is not accepted has none of its own.
enum : unsigned { kStateUnconnected = 1, kStateConnecting = 2, kStateConnected = 3, kStateDisconnecting = 4 };
constexpr unsigned kAcceptsFlag = 1u << 16;  // __SO_ACCEPTCON

unsigned shown_state(const UnixSocket& socket) {
  const bool connected = socket.state() == UnixSocket::State::kConnected;
  if (socket.inode()) return connected ? kStateConnected : kStateUnconnected;
  return connected ? kStateConnecting : kStateDisconnecting;
}

void write_hexadecimal(fs::ProcText& text, std::uint64_t value, unsigned width) {
  text.put_number(value, 16, width, '0');
}

void write_socket(fs::ProcText& text, UnixSocket& socket) {
  // Where it lies in memory is nobody's business, as on Linux (%pK); references as Linux counts them: its name or file, and
  // its peer.
  write_hexadecimal(text, 0, 16);
  text.put(": ");
  write_hexadecimal(text, socket.peer_holds_it() ? 3 : 2, 8);
  text.put(" 00000000 ");
  write_hexadecimal(text, socket.listening() ? kAcceptsFlag : 0, 8);
  text.put(" ");
  write_hexadecimal(text, static_cast<unsigned>(socket.type()), 4);
  text.put(" ");
  write_hexadecimal(text, shown_state(socket), 2);
  text.put(" ");
  std::uint64_t number = 0;
  if (socket.inode()) {
    if (auto metadata = socket.inode()->metadata()) number = metadata.value().inode;
  }
  text.put_number(number, 10, 5, ' ');
  if (const UnixName& name = socket.name(); !name.empty()) {
    text.put(" ");
    if (name.abstract()) {
      for (const char byte : name.bytes()) text.put(std::string_view(byte ? &byte : "@", 1));
    } else {
      text.put(name.path());
    }
  }
  text.put("\n");
}

}  // namespace

void write_proc_unix(fs::ProcText& text) {
  text.put("Num       RefCount Protocol Flags    Type St Inode Path\n");
  for (UnixSocket& socket : UnixSocket::all()) write_socket(text, socket);
}

}  // namespace kernel::net
