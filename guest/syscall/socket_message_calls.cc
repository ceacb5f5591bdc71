// Sending and receiving: sendto(2), recvfrom(2), sendmsg(2), recvmsg(2), and many at once (sendmmsg(2), recvmmsg(2)).
#include <algorithm>
#include <cstddef>

#include "net/message.h"
#include "syscall/socket_argument.h"
#include "syscall/socket_calls.h"
#include "syscall/time_values.h"

namespace kernel::syscall {
namespace {

constexpr std::uint64_t kMostParts = 1024;     // UIO_MAXIOV
constexpr std::uint32_t kMostMessages = 1024;  // of one sendmmsg(2) or recvmmsg(2)
constexpr std::uint64_t kMostControl = 0x7fff'ffff;

// What a payload may ask for; the rest of the bits Linux uses itself.
constexpr std::uint32_t kInternalFlags = 0x10000 | 0x20000 | 0x80000 | 0x8000000;  // MSG_SENDPAGE_NOTLAST and the like

// Unlike for read(2), what is beyond the most that one call moves is not looked at (import_ubuf() of Linux).
Result<mm::IoBuffer> data_argument(mm::UserBuffer data, std::size_t size) {
  return mm::IoBuffer::from_user(data.address(), std::min(size, fs::kTransferMax));
}

Result<mm::IoBuffer> parts_of(const net::UserMessage& message) {
  if (message.part_count > kMostParts) return Errno::kMsgSize;
  return mm::IoBuffer::from_iovec(message.parts, message.part_count);
}

Result<net::UserMessage> header_of(mm::UserPtr<const net::UserMessage> address) {
  net::UserMessage header = TRY(address.read());
  if (header.name == 0) header.name_size = 0;
  if (header.name_size < 0) return Errno::kInval;
  if (header.control_size > kMostControl) return Errno::kNoBufs;
  return header;
}

// A page of the payload's memory may have to be waited for: where nothing is held.
Result<std::size_t> send(const SocketArgument& socket, net::OutgoingMessage& message) {
  return mm::across_waits(message.data, [&](std::size_t) { return socket->send(message); });
}
Result<std::size_t> receive(const SocketArgument& socket, net::IncomingMessage& message) {
  return mm::across_waits(
      message.data, [&](std::size_t) { return socket->receive(message); }, mm::OnceMoved::kReturn);
}

Result<std::size_t> send_one(const SocketArgument& socket, const net::UserMessage& header, std::uint32_t flags) {
  net::SocketAddress name;
  if (header.name_size > 0) {
    const int size = std::min<int>(header.name_size, net::SocketAddress::kLargest);
    name = TRY(net::SocketAddress::from_user(mm::UserBuffer(header.name), size));
  }
  mm::IoBuffer data = TRY(parts_of(header));
  const auto control = TRY(net::ControlInput::from_user(header.control, header.control_size));
  net::OutgoingMessage message{.data = data,
                               .flags = (flags & ~kInternalFlags) | socket.wait_flag(),
                               .name = name.empty() ? nullptr : &name,
                               .control = &control};
  return send(socket, message);
}

// Stores what was received beside the data into the header at `address`.
Result<std::size_t> receive_one(const SocketArgument& socket, mm::UserPtr<net::UserMessage> address,
                                std::uint32_t flags) {
  const net::UserMessage header = TRY(header_of(mm::UserPtr<const net::UserMessage>(address)));
  mm::IoBuffer data = TRY(parts_of(header));
  net::SocketAddress name;
  net::ControlOutput control(header.control, header.control_size);
  net::IncomingMessage message{.data = data,
                               .flags = flags | socket.wait_flag(),
                               .name = header.name ? &name : nullptr,
                               .control = &control,
                               .result_flags = flags & net::kCloseOnExecRights};
  const std::size_t size = TRY(receive(socket, message));
  if (control.truncated()) message.result_flags |= net::kControlTruncated;
  if (header.name) {
    const auto size_field = address.address() + offsetof(net::UserMessage, name_size);
    TRY(name.to_user(mm::UserBuffer(header.name), mm::UserPtr<std::int32_t>(size_field)));
  }
  const std::uint64_t base = address.address();
  TRY(mm::UserPtr<std::uint32_t>(base + offsetof(net::UserMessage, flags)).write(message.result_flags));
  TRY(mm::UserPtr<std::uint64_t>(base + offsetof(net::UserMessage, control_size)).write(control.used()));
  return size;
}

Result<void> note_length(mm::UserPtr<net::UserManyMessage> message, std::size_t size) {
  const std::uint64_t field = message.address() + offsetof(net::UserManyMessage, length);
  return mm::UserPtr<std::uint32_t>(field).write(static_cast<std::uint32_t>(size));
}

}  // namespace

SyscallResult sys_sendto(int fd, mm::UserBuffer data, std::size_t size, std::uint32_t flags, mm::UserBuffer address,
                         int address_size) {
  mm::IoBuffer buffer = TRY(data_argument(data, size));
  const SocketArgument socket = TRY(socket_argument(fd));
  net::SocketAddress name;
  if (address) name = TRY(net::SocketAddress::from_user(address, address_size));
  net::OutgoingMessage message{
      .data = buffer, .flags = (flags & ~kInternalFlags) | socket.wait_flag(), .name = name.empty() ? nullptr : &name};
  return send(socket, message);
}

SyscallResult sys_recvfrom(int fd, mm::UserBuffer data, std::size_t size, std::uint32_t flags, mm::UserBuffer address,
                           mm::UserPtr<std::int32_t> address_size) {
  mm::IoBuffer buffer = TRY(data_argument(data, size));
  const SocketArgument socket = TRY(socket_argument(fd));
  net::SocketAddress name;
  net::ControlOutput nowhere;
  net::IncomingMessage message{
      .data = buffer, .flags = flags | socket.wait_flag(), .name = address ? &name : nullptr, .control = &nowhere};
  const std::size_t received = TRY(receive(socket, message));
  if (address) TRY(name.to_user(address, address_size));
  return received;
}

SyscallResult sys_sendmsg(int fd, mm::UserPtr<const net::UserMessage> message, std::uint32_t flags) {
  const SocketArgument socket = TRY(socket_argument(fd));
  const net::UserMessage header = TRY(header_of(message));
  return send_one(socket, header, flags);
}

SyscallResult sys_recvmsg(int fd, mm::UserPtr<net::UserMessage> message, std::uint32_t flags) {
  const SocketArgument socket = TRY(socket_argument(fd));
  return receive_one(socket, message, flags);
}

SyscallResult sys_sendmmsg(int fd, mm::UserPtr<net::UserManyMessage> messages, std::uint32_t count,
                           std::uint32_t flags) {
  const SocketArgument socket = TRY(socket_argument(fd));
  count = std::min(count, kMostMessages);
  std::uint64_t sent = 0;
  Errno failure = Errno::kNone;
  for (; sent < count && failure == Errno::kNone;) {
    const auto message = messages + sent;
    auto header = header_of(mm::UserPtr<const net::UserMessage>(message));
    if (!header) {
      failure = header.error();
      break;
    }
    auto size = send_one(socket, header.value(), flags);
    if (size) {
      auto noted = note_length(message, size.value());
      failure = noted.error();
    } else {
      failure = size.error();
    }
    if (failure == Errno::kNone) ++sent;
  }
  if (sent > 0 || failure == Errno::kNone) return sent;
  return failure;
}

SyscallResult sys_recvmmsg(int fd, mm::UserPtr<net::UserManyMessage> messages, std::uint32_t count, std::uint32_t flags,
                           mm::UserPtr<Timespec> timeout) {
  Deadline deadline = Deadline::never();
  if (timeout) {
    const Timespec time = TRY(timeout.read());
    deadline = Deadline::after(TRY(nanoseconds_of(time)));
  }
  const SocketArgument socket = TRY(socket_argument(fd));
  count = std::min(count, kMostMessages);
  std::uint64_t received = 0;
  Errno failure = Errno::kNone;
  const bool wait_for_one = flags & net::kWaitForOne;
  flags &= ~std::uint32_t{net::kWaitForOne};
  while (received < count) {
    const auto message = messages + received;
    auto size = receive_one(socket, mm::UserPtr<net::UserMessage>(message), flags);
    failure = size ? note_length(message, size.value()).error() : size.error();
    if (failure != Errno::kNone) break;
    ++received;
    if (wait_for_one) flags |= net::kDontWait;
    // Looked at after each message only, as recvmmsg(2) confesses.
    if (deadline.passed()) break;
  }
  if (timeout && received > 0) TRY(timeout.write(to_timespec(deadline.remaining_ns())));
  if (received > 0) return received;
  if (failure != Errno::kNone) return failure;
  return received;
}

}  // namespace kernel::syscall
