// A socket: one end of a conversation (socket(7)). This base has what all protocol families share: the options of level
// SOL_SOCKET, waiting with the socket's time-outs, the pending error, the queue on which changes are announced. A
// protocol (net/unix/, net/inet/, net/netlink/) overrides what it can do; the defaults say what Linux says of one that
// cannot.
//
// The system calls are in syscall/socket_calls.cc; descriptors refer to a socket through a SocketFile. A socket may
// outlive its file (a connection that still has data to deliver), and is told when the file goes.
#pragma once

#include <cstdint>
#include <optional>

#include "fs/inode.h"
#include "fs/poll.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "net/abi.h"
#include "net/message.h"
#include "net/option_value.h"
#include "net/socket_address.h"
#include "net/socket_filter.h"
#include "net/socket_options.h"
#include "task/wait_queue.h"

namespace kernel::net {

class Socket : public RefCounted {
 public:
  int family() const { return family_; }
  int type() const { return type_; }
  int protocol() const { return protocol_; }

  virtual Result<void> bind(const SocketAddress&) { return Errno::kOpNotSupp; }
  // kInProgress or kAgain instead of waiting; kAlready, kIsConn as connect(2).
  virtual Result<void> connect(const SocketAddress&, bool /*non_blocking*/) { return Errno::kOpNotSupp; }
  virtual Result<void> listen(int /*backlog*/) { return Errno::kOpNotSupp; }
  virtual Result<Ref<Socket>> accept(bool /*non_blocking*/) { return Errno::kOpNotSupp; }
  virtual Result<SocketAddress> local_name() { return Errno::kOpNotSupp; }
  virtual Result<SocketAddress> peer_name() { return Errno::kOpNotSupp; }
  // The peer's name for who has just accepted the socket, even if the peer has gone by now.
  virtual Result<SocketAddress> accepted_name() { return peer_name(); }
  // Bytes moved. With kDontWait, kAgain instead of waiting. A message is moved whole or truncated, a stream as it comes.
  virtual Result<std::size_t> send(OutgoingMessage&) { return Errno::kOpNotSupp; }
  virtual Result<std::size_t> receive(IncomingMessage&) { return Errno::kOpNotSupp; }
  virtual Result<void> shutdown(ShutdownHow) { return Errno::kOpNotSupp; }
  // setsockopt(2), getsockopt(2): levels of the protocol's own. SOL_SOCKET is the base's, which asks the protocol first
  // (kNoProtoOpt: not mine).
  virtual Result<void> set_option(int /*level*/, int /*name*/, const OptionInput&) { return Errno::kNoProtoOpt; }
  virtual Result<void> get_option(int /*level*/, int /*name*/, OptionOutput&) { return Errno::kNoProtoOpt; }
  virtual Result<std::uint64_t> ioctl(std::uint32_t /*request*/, std::uint64_t /*argument*/) { return Errno::kNoTty; }
  // The events that hold; changes are announced on changes().
  virtual std::uint32_t events() = 0;
  virtual bool listening() const { return false; }  // SO_ACCEPTCONN
  // The last descriptor has gone. May wait (SO_LINGER).
  virtual void closed() {}

  Result<void> set_any_option(int level, int name, const OptionInput& value);
  Result<void> get_any_option(int level, int name, OptionOutput& value);
  // "socket:[n]", while the socket has a file.
  fs::Inode* inode() const { return inode_; }
  void set_inode(fs::Inode* inode) { inode_ = inode; }
  task::WaitQueue& changes() { return changes_; }
  // Of all families (/proc/net/sockstat).
  static std::uint32_t count() { return g_count; }
  fs::Readiness readiness() { return {events(), &changes_}; }

 protected:
  Socket(int family, int type, int protocol) : family_(family), type_(type), protocol_(protocol) { ++g_count; }
  ~Socket() override { --g_count; }

  SocketOptions options_;
  // How many of a packet's bytes the socket gets: what its filter says, but the first `least` ones in any case. Nothing:
  // the packet is dropped.
  std::optional<std::size_t> admitted(const FilteredPacket& packet, std::size_t least = 1) const;
  bool has_filter() const { return static_cast<bool>(filter_); }
  // A connection's socket has its listener's (TCP).
  void inherit_filter(const Socket& listener) { filter_ = listener.filter_, filter_locked_ = listener.filter_locked_; }
  // SO_ERROR: what went wrong since somebody asked last.
  void set_error(Errno error) { error_ = error; }
  bool has_error() const { return error_ != Errno::kNone; }
  Errno take_error();

  // Until the condition holds. As long as SO_RCVTIMEO or SO_SNDTIMEO allows: kAgain after that, and with
  // `non_blocking` at once. kRestart, or kIntr where there is a time-out (signal(7)).
  template <typename Condition>
  Result<void> wait_to_receive(Condition condition, bool non_blocking, task::WaitKind kind = task::WaitKind::kShared) {
    return wait(fs::kPollReadable | fs::kPollReadHup, condition, non_blocking, options_.receive_timeout_ns, kind);
  }
  template <typename Condition>
  Result<void> wait_to_send(Condition condition, bool non_blocking) {
    return wait(fs::kPollWritable, condition, non_blocking, options_.send_timeout_ns, task::WaitKind::kShared);
  }
  // kPipe, with SIGPIPE unless kNoSignal: of a stream that takes no more.
  static Errno broken_pipe(std::uint32_t flags);

 private:
  template <typename Condition>
  Result<void> wait(std::uint32_t events, Condition condition, bool non_blocking, std::uint64_t timeout_ns,
                    task::WaitKind kind) {
    if (condition()) return {};
    if (non_blocking) return Errno::kAgain;
    const Deadline deadline = timeout_ns == 0 ? Deadline::never() : Deadline::after(timeout_ns);
    auto waited =
        changes_.wait_for(events | fs::kPollErr | fs::kPollHup, condition, deadline, task::Interruptible::kYes, kind);
    if (waited.error() == Errno::kTimedOut) return Errno::kAgain;
    if (waited.error() == Errno::kRestart && timeout_ns != 0) return Errno::kIntr;
    return waited;
  }

  bool refuses(int name) const;
  Result<void> set_filter_option(int name, const OptionInput& value);

  static inline constinit std::uint32_t g_count = 0;

  const int family_;
  const int type_;
  const int protocol_;
  Errno error_ = Errno::kNone;
  Ref<SocketFilter> filter_;    // SO_ATTACH_FILTER
  bool filter_locked_ = false;  // SO_LOCK_FILTER
  fs::Inode* inode_ = nullptr;
  task::WaitQueue changes_;
};

}  // namespace kernel::net
