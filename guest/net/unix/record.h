// What one send put into the queue of a Unix socket: bytes, who sent them, and open files that go with them. A
// datagram is one; a stream is a sequence of them, which reads glue together where nothing keeps them apart.
//
// Small contents lie in the kernel's heap, larger ones in pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fs/byte_ring.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/vector.h"
#include "mm/io_buffer.h"
#include "net/unix/rights.h"
#include "task/pid_handle.h"

namespace kernel::net {

class UnixSocket;

// Who sent a message, by the ids of the process. Without a pid there are none.
struct Sender {
  int pid = 0;
  std::uint32_t uid = ~0u;
  std::uint32_t gid = ~0u;
  Ref<task::PidHandle> process = nullptr;
  friend bool operator==(const Sender&, const Sender&) = default;
};

class Record final : public RefCounted {
 public:
  // Counts `charge` bytes against the socket's send buffer as long as the record lives.
  Record(Ref<UnixSocket> from, std::size_t charge);
  ~Record() override;

  // All of what remains of the buffer, up to `size`; kFault, kNoMem.
  Result<void> fill(mm::IoBuffer& buffer, std::size_t size);
  // Stores `size` bytes from `offset` on: kFault if not all of them could be.
  Result<void> copy(mm::IoBuffer& buffer, std::size_t offset, std::size_t size) const;

  // All of it, in one piece.
  Result<Vector<std::byte>> contents() const;
  // The rest is lost.
  void trim(std::size_t size) { length_ = size < length_ ? size : length_; }
  std::size_t length() const { return length_; }
  std::size_t unread() const { return length_ - read; }
  UnixSocket& from() const { return *from_; }

  std::size_t read = 0;  // of a stream: how much has been taken
  bool peeked = false;   // an empty message that MSG_PEEK has seen
  Sender sender;
  Ref<RightsInFlight> rights;
  ListNode node;

 private:
  static constexpr std::size_t kSmall = 2048;
  // Not initialised: all of it is filled before any of it is read.
  struct Block {
    Block() {}  // NOLINT(modernize-use-equals-default,cppcoreguidelines-pro-type-member-init): would clear it
    std::byte bytes[128];
  };
  std::byte* small() { return small_.data()->bytes; }
  const std::byte* small() const { return small_.data()->bytes; }

  const Ref<UnixSocket> from_;
  const std::size_t charge_;
  std::size_t length_ = 0;
  Vector<Block> small_;
  fs::ByteRing pages_;
};

// What Linux counts for a message of that size (sk_buff's truesize): programs see it in how much a socket takes before
// it blocks, and in SIOCOUTQ.
std::size_t stream_charge(std::size_t size);
std::size_t packet_charge(std::size_t size);
// The most that a stream sends as one record.
std::size_t stream_piece(std::size_t size, std::size_t send_buffer);

// Owns its records.
class RecordQueue {
 public:
  ~RecordQueue() { clear(); }
  bool empty() { return records_.empty(); }
  std::size_t count() const { return count_; }
  Record* front() { return records_.front(); }
  Record* next(Record& record) { return records_.next(record); }
  void push(Ref<Record> record);
  Ref<Record> remove(Record& record);
  void clear();

 private:
  List<Record, &Record::node> records_;
  std::size_t count_ = 0;
};

}  // namespace kernel::net
