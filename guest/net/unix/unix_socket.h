// A Unix socket (unix(7)): names, connections, closing, and what poll(2) says, of all three types. How data moves is
// UnixStream's (stream.cc) and UnixPackets' (packets.cc: datagrams and sequenced packets).
//
// Each socket has a queue of what was sent to it (record.h); its records count against the send buffer of who sent them.
// Sockets that are connected refer to each other until they are closed; one that was made for a connection waits in the
// listener's queue until it is accepted.
#pragma once

#include <cstdint>

#include "fs/inode.h"
#include "fs/path.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/vector.h"
#include "net/families.h"
#include "net/socket.h"
#include "net/unix/record.h"
#include "net/unix/unix_name.h"
#include "task/pid_handle.h"

namespace kernel::net {

// Who was at the other end when the connection was made (SO_PEERCRED).
struct PeerCredentials final : RefCounted {
  UserCredentials ids;
  Ref<task::PidHandle> process;
  Vector<std::uint32_t> groups;
  static Result<Ref<PeerCredentials>> of_current();
};

class UnixSocket : public Socket {
 public:
  enum class State : std::uint8_t { kUnconnected, kListening, kConnected };

  static Result<Ref<UnixSocket>> create(int type);
  static Result<SocketPair> create_pair(int type);
  ~UnixSocket() override;

  Result<void> bind(const SocketAddress& address) override;
  Result<void> connect(const SocketAddress& address, bool non_blocking) override;
  Result<void> listen(int backlog) override;
  Result<Ref<Socket>> accept(bool non_blocking) override;
  Result<SocketAddress> local_name() override;
  Result<SocketAddress> peer_name() override;
  Result<void> shutdown(ShutdownHow how) override;
  Result<void> set_option(int level, int name, const OptionInput& value) override;
  Result<void> get_option(int level, int name, OptionOutput& value) override;
  Result<std::uint64_t> ioctl(std::uint32_t request, std::uint64_t argument) override;
  std::uint32_t events() override;
  bool listening() const override { return state_ == State::kListening; }
  void closed() override;

  State state() const { return state_; }
  // For netlink.
  UnixSocket* peer() const { return peer_.get(); }
  std::uint8_t shut_down() const { return shutdown_; }
  std::size_t bytes_to_read();
  std::size_t bytes_sent() const { return charged_; }
  std::size_t waiting_connections() const { return embryo_count_; }
  std::size_t backlog() const { return backlog_; }
  fs::Inode* bound_inode() const { return bound_inode_.get(); }
  bool peer_holds_it() const { return peer_ != nullptr; }
  const UnixName& name() const { return name_; }
  RecordQueue& queue() { return queue_; }
  // A record that is taken out of the queue otherwise than by a receive.
  void forget_out_of_band(const Record& record) {
    if (out_of_band_ == &record) out_of_band_ = nullptr;
  }

  // Of the send buffer, by records that this socket has sent.
  void charge(std::size_t bytes) { charged_ += bytes; }
  void give_back(std::size_t bytes);

  // For the collector (collector.cc): how many references to this socket's file lie in queues.
  ListNode in_flight_node, work_node;
  fs::File* file_in_flight = nullptr;
  std::uint32_t in_flight = 0;
  std::uint32_t references_inside = 0;
  bool unreachable = false;

  // In the table of abstract names; of all sockets (/proc/net/unix); in a listener's queue.
  ListNode name_node, all_node, embryo_node;
  using All = List<UnixSocket, &UnixSocket::all_node>;
  static All& all();
  List<UnixSocket, &UnixSocket::embryo_node>& embryos() { return embryos_; }

 protected:
  explicit UnixSocket(int type);

  bool connection_based() const { return type() != kDatagram; }
  bool wants_senders() const { return options_.pass_credentials || options_.pass_pid_descriptor; }
  bool takes_no_more() const { return shutdown_ & kNoReceive; }
  // So that a message can reach it: not from a socket that is not the one it is connected to.
  bool takes_messages_of(const UnixSocket& sender) const { return !peer_ || peer_.get() == &sender; }
  bool queue_full() const { return queue_.count() > backlog_; }
  // False: the filter drops it. It may also cut it.
  Result<bool> filter_record(Record& record) const;
  // What holds a sender up whom the receiver is not connected to.
  bool full_for(const UnixSocket& sender) const { return this != &sender && peer_.get() != &sender && queue_full(); }
  // A new record of `size` bytes, waiting for room in the send buffer. The socket's error, kPipe after a shutdown.
  Result<Ref<Record>> make_record(std::size_t size, std::size_t charge, mm::IoBuffer& data, bool non_blocking);
  // The socket that the name leads to: kConnRefused, kPrototype, what a walk of the path fails with, kAcces.
  static Result<Ref<UnixSocket>> find(const UnixName& name, int type);
  // Where credentials go along, who gets them must be able to answer (unix(7), "Autobind feature").
  Result<void> bind_for_credentials();
  // Puts it into the queue of `receiver`, with the current process's ids where either end wants to know them.
  void deliver(Ref<Record> record, UnixSocket& receiver);
  // Ends a datagram socket's connection: the queue's contents are lost, which its former peer learns.
  void drop_peer(Ref<UnixSocket> new_peer);

  static constexpr std::uint8_t kNoReceive = 1, kNoSend = 2, kNothing = 3;

  State state_ = State::kUnconnected;
  std::uint8_t shutdown_ = 0;
  bool dead_ = false;
  Ref<UnixSocket> peer_;
  RecordQueue queue_;
  std::uint64_t arrivals_ = 0;     // ever, so that who waits for more sees that there is some
  Record* out_of_band_ = nullptr;  // in the queue: the last one of MSG_OOB, as long as it is urgent
  // There is room again in this socket's queue, or it was closed: senders that it is not connected to, and who connects.
  task::WaitQueue room_;

 private:
  friend class UnixStream;
  friend class UnixPackets;

  Result<void> bind_path(const UnixName& name);
  Result<void> bind_abstract(const UnixName& name);
  Result<void> bind_automatically();
  static UnixSocket* find_abstract(const UnixName& name, int type);
  Result<void> connect_stream(const UnixName& name, bool non_blocking);
  Result<void> connect_datagrams(const SocketAddress& address);
  void become_connected_to(UnixSocket& other);
  Result<std::uint64_t> open_bound_file();
  bool at_mark();

  // Tells who waits on a datagram socket that its peer's queue has room again (poll(2)).
  class PeerRoom final : public task::Waiter {
   public:
    explicit PeerRoom(UnixSocket& owner) : owner_(owner) {}
    bool wake(task::WaitEvents) override {
      owner_.changes().wake(fs::kPollWritable | fs::kPollWriteBand);
      return true;
    }

   private:
    UnixSocket& owner_;
  };

  UnixName name_;
  fs::Path place_;              // of a path
  Ref<fs::Inode> bound_inode_;  // after place_: it is of that mount's file system
  std::size_t charged_ = 0;
  std::size_t backlog_;  // listening: connections that wait; else messages of senders that it is not connected to
  bool embryo_ = false;  // made for a connection, and not accepted yet
  List<UnixSocket, &UnixSocket::embryo_node> embryos_;
  std::size_t embryo_count_ = 0;
  Ref<PeerCredentials> own_credentials_;  // when it began to listen
  Ref<PeerCredentials> peer_credentials_;
  PeerRoom peer_room_{*this};
  task::WaitEntry peer_room_entry_;
};

class UnixStream final : public UnixSocket {
 public:
  UnixStream() : UnixSocket(kStream) {}
  Result<std::size_t> send(OutgoingMessage& message) override;
  Result<std::size_t> receive(IncomingMessage& message) override;

 private:
  struct Receiving;
  Result<void> send_out_of_band(OutgoingMessage& message, Ref<RightsInFlight>& rights, const Sender& sender);
  Result<std::size_t> receive_out_of_band(IncomingMessage& message);
  // False: waits for more. True: the receive is done.
  Result<bool> receive_some(Receiving& receiving);
  Record* past_out_of_band(Record* record, const Receiving& receiving);
};

// Datagrams, and sequenced packets: a connection of datagrams.
class UnixPackets final : public UnixSocket {
 public:
  explicit UnixPackets(int type) : UnixSocket(type) {}
  Result<std::size_t> send(OutgoingMessage& message) override;
  Result<std::size_t> receive(IncomingMessage& message) override;

 private:
  Result<Ref<UnixSocket>> receiver_of(const UnixName& name);
  Result<void> send_to(Ref<UnixSocket> receiver, const UnixName& name, Ref<Record> record, bool non_blocking);
  Record* first_to_receive(std::uint32_t flags, std::size_t& skip);
};

// The rows of families.cc.
Result<Ref<Socket>> create_unix_socket(int type, int protocol);
Result<SocketPair> create_unix_pair(int type, int protocol);

}  // namespace kernel::net
