// Where data of a read or a write goes to or comes from: memory of the payload (one buffer or an iovec) or of the
// kernel (execve reading an ELF header). Files move data through it and never see the difference.
//
// Moving data does not sleep, so a file may do it under its inode's mutex, or with a place in a ring buffer at hand. Where
// a page of the payload's has to be waited for (mm/user_ptr.h), less is moved than asked, or kFault is returned, and
// pending() says so. Whoever called the file's operation then takes back what was moved and not counted, waits, and calls
// it again: across_waits() does that for File::read and File::write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "lib/result.h"
#include "lib/vector.h"
#include "mm/pending_page.h"

namespace kernel::mm {

class IoBuffer {
 public:
  static IoBuffer user(std::uint64_t address, std::size_t size);
  // The same, checked as Linux does before any data moves: an address that no program can have is kFault even when
  // nothing is to be moved.
  static Result<IoBuffer> from_user(std::uint64_t address, std::size_t size);
  static IoBuffer kernel(std::span<std::byte> memory);
  static IoBuffer kernel_source(std::span<const std::byte> memory);  // to load from; storing into it is a kernel bug
  // Reads `count` struct iovec (readv(2)); kInval if count > 1024 or the sum of lengths overflows ssize_t, kFault.
  static Result<IoBuffer> from_iovec(std::uint64_t iovec_address, std::size_t count);

  IoBuffer(IoBuffer&&) noexcept = default;
  IoBuffer& operator=(IoBuffer&&) noexcept = default;

  std::size_t remaining() const { return remaining_; }
  std::size_t consumed() const { return consumed_; }
  // What remains of the current buffer of an iovec.
  std::size_t current_segment() const;
  // For a read: stores data at the current position. For a write: loads data from it. Both advance by what they moved
  // and return it: less than asked at the end of the buffer; kFault if nothing could be moved.
  Result<std::size_t> store(std::span<const std::byte> data);
  Result<std::size_t> store_zeros(std::size_t size);
  Result<std::size_t> load(std::span<std::byte> data);
  // A value that is moved whole or not at all: kInval if less than it remains of the buffer, kFault.
  template <typename T>
  Result<T> load_value() requires std::is_trivially_copyable_v<T> {
    T value;
    if (auto loaded = load_exactly(std::as_writable_bytes(std::span(&value, 1))); !loaded) return loaded.error();
    return value;
  }
  template <typename T>
  Result<void> store_value(const T& value) requires std::is_trivially_copyable_v<T> {
    return store_exactly(std::as_bytes(std::span(&value, 1)));
  }
  Result<void> load_exactly(std::span<std::byte> data);
  Result<void> store_exactly(std::span<const std::byte> data);
  // Whether the last of these ended at a page that has to be waited for.
  bool pending() const { return static_cast<bool>(pending_); }
  // For what takes data away before it stores it and cannot put it back: whether the next `size` bytes, which remain, could
  // be stored now. kFault if not, also where the page has to be waited for.
  Result<void> check_room(std::size_t size);
  // Sleeps until that page should be tried again. kIntr: the task is ending.
  Result<void> wait();
  // Moves the position back by `size` bytes, which were moved since the buffer was made.
  void take_back(std::size_t size);
  // Caps what remains.
  void limit(std::size_t size);

  // While it lives, no more of the buffer remains than `size`.
  class Piece {
   public:
    Piece(IoBuffer& buffer, std::size_t size) : buffer_(buffer), held_back_(buffer.remaining_ - size) {
      buffer_.remaining_ = size;
    }
    Piece(const Piece&) = delete;
    Piece& operator=(const Piece&) = delete;
    ~Piece() { buffer_.remaining_ += held_back_; }

   private:
    IoBuffer& buffer_;
    std::size_t held_back_;
  };

 private:
  struct Segment {
    std::uint64_t address;
    std::size_t size;
  };
  enum class Kind : std::uint8_t { kUser, kKernel };

  explicit IoBuffer(Kind kind) : kind_(kind) {}
  template <typename Move>
  Result<std::size_t> transfer(std::size_t size, Move move);

  Kind kind_;
  Ref<PendingPage> pending_;
  Segment current_{};
  Vector<Segment> rest_;  // segments after the current one, from next_ on
  std::size_t next_ = 0;
  std::size_t remaining_ = 0;
  std::size_t consumed_ = 0;
};

// What a transfer does once it has moved something and would have to wait for a page: a read of a stream is content.
enum class OnceMoved : std::uint8_t { kGoOn, kReturn };

// Calls move(bytes moved before), which returns what it moved of the buffer, again after each wait that it had to leave to
// its caller. What it holds, it lets go of before it returns.
template <typename Move>
Result<std::size_t> across_waits(IoBuffer& buffer, Move move, OnceMoved once_moved = OnceMoved::kGoOn) {
  std::size_t done = 0;
  for (;;) {
    const std::size_t before = buffer.consumed();
    const Result<std::size_t> moved = move(done);
    if (moved) done += moved.value();
    if (!buffer.pending() || (done > 0 && once_moved == OnceMoved::kReturn))
      return moved || done > 0 ? Result<std::size_t>(done) : moved.error();
    buffer.take_back(buffer.consumed() - before - (moved ? moved.value() : 0));
    if (auto waited = buffer.wait(); !waited) return done > 0 ? Result<std::size_t>(done) : waited.error();
  }
}

}  // namespace kernel::mm
