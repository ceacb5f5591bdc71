#include "net/unix/record.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "net/unix/unix_socket.h"

namespace kernel::net {

namespace {

// Of Linux's include/linux/skbuff.h on x86-64.
constexpr std::size_t kBufferHeader = 256;   // struct sk_buff, aligned
constexpr std::size_t kBufferTrailer = 320;  // struct skb_shared_info, aligned
constexpr std::size_t kLeastHead = 512;      // of kmalloc's sizes, the smallest that a trailer fits into
constexpr std::size_t kLargestPageHead = mm::kPageSize - kBufferTrailer;  // SKB_MAX_HEAD(0)
constexpr std::size_t kLargestHead = 4 * mm::kPageSize - kBufferTrailer;  // SKB_MAX_ALLOC
constexpr std::size_t kLargestInPages = 17 * mm::kPageSize;               // MAX_SKB_FRAGS
constexpr std::size_t kStreamPages = 32768;                               // UNIX_SKB_FRAGS_SZ
constexpr std::size_t kStreamSlack = 64;

constexpr std::size_t whole_pages(std::size_t size) {
  return (size + mm::kPageSize - 1) / mm::kPageSize * mm::kPageSize;
}

constexpr std::size_t head_charge(std::size_t size) {
  const std::size_t aligned = (size + 63) / 64 * 64;
  return std::max(kLeastHead, std::bit_ceil(aligned + kBufferTrailer)) + kBufferHeader;
}

}  // namespace

std::size_t stream_charge(std::size_t size) {
  if (size <= kLargestPageHead) return head_charge(size);
  const std::size_t in_pages = std::min(size, whole_pages(size - kLargestPageHead));
  return head_charge(size - in_pages) + whole_pages(in_pages);
}

std::size_t packet_charge(std::size_t size) {
  if (size <= kLargestHead) return head_charge(size);
  const std::size_t in_pages = whole_pages(std::min(size - kLargestHead, kLargestInPages));
  return head_charge(size - in_pages) + in_pages;
}

std::size_t stream_piece(std::size_t size, std::size_t send_buffer) {
  return std::min({size, send_buffer / 2 - kStreamSlack, kLargestPageHead + kStreamPages});
}

Record::Record(Ref<UnixSocket> from, std::size_t charge) : from_(std::move(from)), charge_(charge) {
  from_->charge(charge_);
}

Record::~Record() {
  from_->give_back(charge_);
}

Result<void> Record::fill(mm::IoBuffer& buffer, std::size_t size) {
  const mm::IoBuffer::Piece piece(buffer, std::min(size, buffer.remaining()));
  size = buffer.remaining();
  if (size == 0) return {};
  if (size <= kSmall) {
    TRY(small_.resize((size + sizeof(Block) - 1) / sizeof(Block)));
    TRY(buffer.load_exactly({small(), size}));
  } else {
    while (pages_.bytes() < size) {
      if (TRY(pages_.fill(buffer, size)) == 0) return Errno::kFault;
    }
  }
  length_ = size;
  return {};
}

Result<Vector<std::byte>> Record::contents() const {
  Vector<std::byte> all;
  TRY(all.resize(length_));
  mm::IoBuffer buffer = mm::IoBuffer::kernel(all.span());
  TRY(copy(buffer, 0, length_));
  return all;
}

Result<void> Record::copy(mm::IoBuffer& buffer, std::size_t offset, std::size_t size) const {
  if (size == 0) return {};
  if (!small_.empty()) {
    if (TRY(buffer.store({small() + offset, size})) < size) return Errno::kFault;
    return {};
  }
  const mm::IoBuffer::Piece piece(buffer, size);
  if (TRY(pages_.peek(buffer, offset)) < size) return Errno::kFault;
  return {};
}

void RecordQueue::push(Ref<Record> record) {
  if (record->rights) record->rights->enter();
  ++count_;
  records_.push_back(*record.leak());
}

Ref<Record> RecordQueue::remove(Record& record) {
  Ref<Record> taken(&record);
  record.release();  // the queue's
  record.node.unlink();
  --count_;
  if (record.rights) record.rights->leave();
  return taken;
}

void RecordQueue::clear() {
  while (Record* first = front()) remove(*first);
}

}  // namespace kernel::net
