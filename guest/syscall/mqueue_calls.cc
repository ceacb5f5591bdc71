#include "syscall/mqueue_calls.h"

#include <utility>

#include "fs/file_table.h"
#include "ipc/queue_fs.h"
#include "net/netlink/netlink_socket.h"
#include "net/socket_file.h"
#include "syscall/clocks.h"
#include "syscall/file_arguments.h"
#include "syscall/time_values.h"
#include "task/task.h"

namespace kernel::syscall {

using ipc::Message;
using ipc::PosixQueue;
using ipc::QueueFile;

namespace {

// An open queue, kept open while it is used.
struct OpenQueue {
  Ref<fs::File> file;
  QueueFile& operator*() const { return static_cast<QueueFile&>(*file); }
  QueueFile* operator->() const { return &**this; }
};

Result<OpenQueue> queue_argument(int fd) {
  OpenQueue open{TRY(file_argument(fd))};
  if (!fs::file_as<QueueFile>(*open.file)) return Errno::kBadF;
  return open;
}

Result<Deadline> read_deadline(mm::UserPtr<const Timespec> timeout) {
  if (!timeout) return Deadline::never();
  return deadline_on_clock(kClockRealtime, TRY(read_duration(timeout)));
}

// For SIGEV_THREAD a C library gives a netlink socket, and what is to be sent there: 32 bytes, of which the last one says what
// happened. A thread of the library's reads them. Whether the socket has room is not waited for: it is the library's own.
class SocketListener final : public PosixQueue::Listener {
 public:
  explicit SocketListener(Ref<net::Socket> socket) : socket_(std::move(socket)) {}
  static constexpr std::size_t kCookieSize = 32;
  std::byte cookie[kCookieSize];

  void message_came() override { tell(1); }
  void removed() override { tell(2); }

 private:
  void tell(int what) {
    cookie[kCookieSize - 1] = static_cast<std::byte>(what);
    static_cast<net::netlink::NetlinkSocket&>(*socket_).notify(cookie);
  }

  const Ref<net::Socket> socket_;
};

SyscallResult notify_through_socket(int fd, const SignalEvent& event) {
  std::byte cookie[SocketListener::kCookieSize];
  TRY(mm::copy_from_user(cookie, event.value, sizeof cookie));
  const Ref<fs::File> file = TRY(file_argument(event.signal));
  auto* socket = fs::file_as<net::SocketFile>(*file);
  if (!socket) return Errno::kNotSock;
  if (socket->socket().family() != net::kNetlink) return Errno::kInval;
  const OpenQueue open = TRY(queue_argument(fd));
  auto listener = TRY(make_ref<SocketListener>(socket->socket_ref()));
  memcpy(listener->cookie, cookie, sizeof cookie);
  return done(open->queue().ask_for_notification({.kind = PosixQueue::Notification::Kind::kThread,
                                                  .signal = event.signal,
                                                  .value = event.value,
                                                  .listener = Ref<PosixQueue::Listener>(std::move(listener))}));
}

}  // namespace

SyscallResult sys_mq_open(mm::UserString name, std::uint32_t flags, std::uint32_t mode,
                          mm::UserPtr<const QueueAttributes> attributes) {
  std::optional<ipc::QueueShape> shape;
  if (attributes) {
    const QueueAttributes wanted = TRY(attributes.read());
    shape = ipc::QueueShape{wanted.most_messages, wanted.largest_message};
  }
  const String text = TRY(path_argument(name));
  Ref<fs::File> file = TRY(ipc::open_queue(text.view(), flags, mode, shape));
  return static_cast<std::uint64_t>(TRY(task::current().files->install(std::move(file), true)));
}

SyscallResult sys_mq_unlink(mm::UserString name) {
  const String text = TRY(path_argument(name));
  return done(ipc::unlink_queue(text.view()));
}

SyscallResult sys_mq_timedsend(int fd, mm::UserBuffer text, std::size_t size, std::uint32_t priority,
                               mm::UserPtr<const Timespec> timeout) {
  const Deadline deadline = TRY(read_deadline(timeout));
  if (priority >= ipc::kPriorities) return Errno::kInval;
  const OpenQueue open = TRY(queue_argument(fd));
  if (!open->writable()) return Errno::kBadF;
  if (size > static_cast<std::uint64_t>(open->queue().largest_message())) return Errno::kMsgSize;
  const Ref<Message> message = TRY(Message::create(priority, size));
  TRY(mm::copy_from_user(message->text.data(), text.address(), size));
  TRY(open->queue().send(message, open->non_blocking(), deadline));
  open->used();
  return 0;
}

SyscallResult sys_mq_timedreceive(int fd, mm::UserBuffer text, std::size_t size, mm::UserPtr<std::uint32_t> priority,
                                  mm::UserPtr<const Timespec> timeout) {
  const Deadline deadline = TRY(read_deadline(timeout));
  const OpenQueue open = TRY(queue_argument(fd));
  if (!open->readable()) return Errno::kBadF;
  if (size < static_cast<std::uint64_t>(open->queue().largest_message())) return Errno::kMsgSize;
  const Ref<Message> message = TRY(open->queue().receive(open->non_blocking(), deadline));
  open->used();
  if (priority) TRY(priority.write(static_cast<std::uint32_t>(message->type)));
  TRY(mm::copy_to_user(text.address(), message->text.data(), message->text.size()));
  return message->text.size();
}

SyscallResult sys_mq_notify(int fd, mm::UserPtr<const SignalEvent> address) {
  enum : std::int32_t { kSignal = 0, kNone = 1, kThread = 2 };
  if (!address) {
    const OpenQueue open = TRY(queue_argument(fd));
    open->queue().cancel_notification();
    return 0;
  }
  const SignalEvent event = TRY(address.read());
  if (event.notify != kSignal && event.notify != kNone && event.notify != kThread) return Errno::kInval;
  if (event.notify == kSignal && static_cast<std::uint32_t>(event.signal) > task::kSignalCount) return Errno::kInval;
  if (event.notify == kThread) return notify_through_socket(fd, event);
  const OpenQueue open = TRY(queue_argument(fd));
  using Kind = PosixQueue::Notification::Kind;
  const Kind kind = event.notify == kSignal ? Kind::kSignal : Kind::kNone;
  return done(open->queue().ask_for_notification(
      {.kind = kind, .signal = event.signal, .value = event.value, .listener = nullptr}));
}

SyscallResult sys_mq_getsetattr(int fd, mm::UserPtr<const QueueAttributes> wanted, mm::UserPtr<QueueAttributes> old) {
  constexpr std::int64_t kSettable = fs::kNonBlock;
  std::optional<QueueAttributes> changed;
  if (wanted) {
    changed = TRY(wanted.read());
    if (changed->flags & ~kSettable) return Errno::kInval;
  }
  const OpenQueue open = TRY(queue_argument(fd));
  const QueueAttributes before{.flags = open->flags() & fs::kNonBlock,
                               .most_messages = open->queue().most_messages(),
                               .largest_message = open->queue().largest_message(),
                               .messages = open->queue().messages(),
                               .reserved = {}};
  if (changed) {
    const std::uint32_t others = open->flags() & ~fs::kNonBlock;
    open->set_flags(others | static_cast<std::uint32_t>(changed->flags));
  }
  if (old) TRY(old.write(before));
  return 0;
}

}  // namespace kernel::syscall
