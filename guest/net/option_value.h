// The value of a socket option in the payload's memory: what setsockopt(2) was given, and where getsockopt(2) puts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "lib/result.h"
#include "mm/user_ptr.h"

namespace kernel::net {

class OptionInput {
 public:
  OptionInput(mm::UserBuffer address, std::size_t size) : address_(address), size_(size) {}

  std::size_t size() const { return size_; }
  mm::UserBuffer address() const { return address_; }
  // kInval if there is less, kFault. More is not looked at.
  template <typename T>
  Result<T> value() const requires std::is_trivially_copyable_v<T> {
    if (size_ < sizeof(T)) return Errno::kInval;
    return mm::UserPtr<const T>(address_).read();
  }
  Result<std::int32_t> integer() const { return value<std::int32_t>(); }
  Result<bool> flag() const {
    const std::int32_t number = TRY(integer());
    return number != 0;
  }

 private:
  mm::UserBuffer address_;
  std::size_t size_;
};

class OptionOutput {
 public:
  // Reads *size: kInval if it is negative, kFault.
  static Result<OptionOutput> at(mm::UserBuffer address, mm::UserPtr<std::int32_t> size);

  std::size_t room() const { return room_; }
  // What the payload has put where the value goes, and there is room for.
  template <typename T>
  Result<T> given() const requires std::is_trivially_copyable_v<T> {
    return mm::UserPtr<const T>(address_).read();
  }
  // As much as there is room for; *size says how much that was.
  Result<void> put(std::span<const std::byte> bytes);
  // Says the whole size and stores what fits of it.
  Result<void> put_of(std::span<const std::byte> bytes, std::size_t whole_size);
  // Stores all of it, whatever room there is said to be; `said` is what *size becomes.
  Result<void> put_whole(std::span<const std::byte> bytes, std::size_t said);
  template <typename T>
  Result<void> put_value(const T& value) requires std::is_trivially_copyable_v<T> {
    return put(std::as_bytes(std::span(&value, 1)));
  }
  Result<void> put_integer(std::int32_t value) { return put_value(value); }
  // kRange without storing anything, but *size says what is needed (SO_PEERGROUPS).
  Result<void> needs(std::size_t size);

 private:
  OptionOutput(mm::UserBuffer address, mm::UserPtr<std::int32_t> size, std::size_t room)
      : address_(address), size_(size), room_(room) {}
  mm::UserBuffer address_;
  mm::UserPtr<std::int32_t> size_;
  std::size_t room_;
};

}  // namespace kernel::net
