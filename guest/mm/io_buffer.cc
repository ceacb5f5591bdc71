#include "mm/io_buffer.h"

#include <algorithm>

#include "mm/environment.h"
#include "mm/user_ptr.h"

namespace kernel::mm {
namespace {

constexpr std::size_t kMaxSegments = 1024;  // UIO_MAXIOV
// Linux's TASK_SIZE_MAX: a part beyond it is refused before any data moves. (What cannot be mapped below it fails
// later.)
constexpr std::uint64_t kHighestAddress = 0x7fff'ffff'f000;
constexpr std::size_t kMaxBytes = 0x7fff'f000;  // MAX_RW_COUNT: one call moves no more
// One call may move two gigabytes, which takes seconds where every page is new. After so many bytes it looks for signals;
// where KVM emulates a kernel in ring 0 these take a tenth of a second.
constexpr std::size_t kStep = std::size_t{64} << 10;

// Linux's struct iovec.
struct UserIovec {
  std::uint64_t base;
  std::uint64_t length;
};

bool is_below_the_top(std::uint64_t address, std::uint64_t size) {
  return address <= kHighestAddress && size <= kHighestAddress - address;
}

}  // namespace

IoBuffer IoBuffer::user(std::uint64_t address, std::size_t size) {
  IoBuffer buffer(Kind::kUser);
  buffer.remaining_ = std::min(size, kMaxBytes);
  buffer.current_ = {address, buffer.remaining_};
  return buffer;
}

Result<IoBuffer> IoBuffer::from_user(std::uint64_t address, std::size_t size) {
  if (!is_below_the_top(address, size)) return Errno::kFault;
  return user(address, size);
}

IoBuffer IoBuffer::kernel(std::span<std::byte> memory) {
  return kernel_source(memory);
}

IoBuffer IoBuffer::kernel_source(std::span<const std::byte> memory) {
  IoBuffer buffer(Kind::kKernel);
  buffer.remaining_ = memory.size();
  buffer.current_ = {reinterpret_cast<std::uint64_t>(memory.data()), memory.size()};
  return buffer;
}

Result<IoBuffer> IoBuffer::from_iovec(std::uint64_t iovec_address, std::size_t count) {
  if (count > kMaxSegments) return Errno::kInval;
  IoBuffer buffer(Kind::kUser);
  TRY(buffer.rest_.reserve(count));
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const UserIovec iovec = TRY(UserPtr<const UserIovec>(iovec_address + i * sizeof(UserIovec)).read());
    if (static_cast<std::int64_t>(iovec.length) < 0) return Errno::kInval;
    if (!is_below_the_top(iovec.base, iovec.length)) return Errno::kFault;
    const std::size_t length = std::min<std::size_t>(iovec.length, kMaxBytes - total);
    total += length;
    if (length != 0) TRY(buffer.rest_.push_back({iovec.base, length}));
  }
  buffer.remaining_ = total;
  return buffer;
}

std::size_t IoBuffer::current_segment() const {
  if (remaining_ == 0) return 0;
  return std::min(remaining_, current_.size != 0 ? current_.size : rest_[next_].size);
}

Result<void> IoBuffer::load_exactly(std::span<std::byte> data) {
  if (remaining_ < data.size()) return Errno::kInval;
  auto loaded = load(data);
  if (!loaded) return loaded.error();
  return loaded.value() == data.size() ? Result<void>() : Errno::kFault;
}

Result<void> IoBuffer::store_exactly(std::span<const std::byte> data) {
  if (remaining_ < data.size()) return Errno::kInval;
  auto stored = store(data);
  if (!stored) return stored.error();
  return stored.value() == data.size() ? Result<void>() : Errno::kFault;
}

void IoBuffer::limit(std::size_t size) {
  remaining_ = std::min(remaining_, size);
}

Result<void> IoBuffer::check_room(std::size_t size) {
  pending_ = nullptr;
  if (kind_ == Kind::kKernel) return {};
  Segment part = current_;
  for (std::size_t next = next_; size > 0;) {
    if (part.size == 0) part = rest_[next++];
    const std::size_t wanted = std::min(size, part.size);
    if (user_room_present(part.address, wanted, pending_) < wanted) return Errno::kFault;
    part.size = 0;
    size -= wanted;
  }
  return {};
}

Result<void> IoBuffer::wait() {
  const Ref<PendingPage> pending = std::move(pending_);
  return pending->wait();
}

void IoBuffer::take_back(std::size_t size) {
  remaining_ += size;
  consumed_ -= size;
  while (size > 0) {
    // Only an iovec has several segments, and then the current one is among them.
    const std::size_t part = next_ == 0 ? size : std::min(size, rest_[next_ - 1].size - current_.size);
    current_.address -= part;
    current_.size += part;
    size -= part;
    if (size == 0) break;
    --next_;
    const Segment& before = rest_[next_ - 1];
    current_ = {before.address + before.size, 0};
  }
}

template <typename Move>
Result<std::size_t> IoBuffer::transfer(std::size_t size, Move move) {
  std::size_t done = 0;
  pending_ = nullptr;
  size = std::min(size, remaining_);
  while (done < size) {
    if (current_.size == 0) current_ = rest_[next_++];
    const std::size_t part = std::min({size - done, current_.size, kStep - consumed_ % kStep});
    const std::size_t moved = move(current_.address, done, part);
    current_.address += moved;
    current_.size -= moved;
    remaining_ -= moved;
    consumed_ += moved;
    done += moved;
    if (moved != 0 && consumed_ % kStep == 0) still_busy();
    if (moved < part) {
      if (done == 0) return Errno::kFault;
      break;
    }
  }
  return done;
}

Result<std::size_t> IoBuffer::store(std::span<const std::byte> data) {
  return transfer(data.size(), [&](std::uint64_t address, std::size_t offset, std::size_t size) {
    if (kind_ == Kind::kUser) return copy_to_user_present(address, data.data() + offset, size, pending_);
    memcpy(reinterpret_cast<void*>(address), data.data() + offset, size);
    return size;
  });
}

Result<std::size_t> IoBuffer::store_zeros(std::size_t size) {
  return transfer(size, [&](std::uint64_t address, std::size_t, std::size_t part) {
    if (kind_ == Kind::kUser) return clear_user_present(address, part, pending_);
    memset(reinterpret_cast<void*>(address), 0, part);
    return part;
  });
}

Result<std::size_t> IoBuffer::load(std::span<std::byte> data) {
  return transfer(data.size(), [&](std::uint64_t address, std::size_t offset, std::size_t size) {
    if (kind_ == Kind::kUser) return copy_from_user_present(data.data() + offset, address, size, pending_);
    memcpy(data.data() + offset, reinterpret_cast<const void*>(address), size);
    return size;
  });
}

}  // namespace kernel::mm
