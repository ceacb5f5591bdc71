// A socket address as payloads pass it: a family and up to 128 bytes in all (struct sockaddr_storage), of which the
// protocol family makes sense.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "lib/result.h"
#include "lib/string.h"
#include "mm/user_ptr.h"
#include "net/abi.h"

namespace kernel::net {

class SocketAddress {
 public:
  static constexpr std::size_t kLargest = 128;

  SocketAddress() = default;
  explicit SocketAddress(std::span<const std::byte> bytes);  // no more than kLargest
  // Of a struct sockaddr_*, or of its first `size` bytes.
  template <typename T>
  static SocketAddress of(const T& address, std::size_t size = sizeof(T)) requires std::is_trivially_copyable_v<T> {
    return SocketAddress(std::as_bytes(std::span(&address, 1)).first(size));
  }

  // kInval for a size that cannot be, kFault.
  static Result<SocketAddress> from_user(mm::UserBuffer address, int size);
  // Value-result as accept(2) has it: at most *size bytes are stored, and *size becomes the whole size. kInval for a
  // negative *size, kFault.
  Result<void> to_user(mm::UserBuffer address, mm::UserPtr<std::int32_t> size) const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int family() const;  // kUnspecified if there is not even one
  std::span<const std::byte> bytes() const { return std::span(bytes_).first(size_); }
  // The address as a struct sockaddr_*; what it is short of is zero. The caller has looked at family() and size().
  template <typename T>
  T as() const requires std::is_trivially_copyable_v<T> {
    T result{};
    memcpy(&result, bytes_.data(), size_ < sizeof(T) ? size_ : sizeof(T));
    return result;
  }

 private:
  std::array<std::byte, kLargest> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace kernel::net
