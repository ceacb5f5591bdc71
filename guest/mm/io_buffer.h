// Where data of a read or a write goes to or comes from: memory of the payload (one buffer or an iovec) or of the
// kernel (execve reading an ELF header). Files move data through it and never see the difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "lib/result.h"
#include "lib/vector.h"

namespace kernel::mm {

class IoBuffer {
 public:
  static IoBuffer user(std::uint64_t address, std::size_t size);
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
  Segment current_{};
  Vector<Segment> rest_;  // segments after the current one, from next_ on
  std::size_t next_ = 0;
  std::size_t remaining_ = 0;
  std::size_t consumed_ = 0;
};

}  // namespace kernel::mm
