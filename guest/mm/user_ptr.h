// A payload's pointer. The kernel cannot dereference it, only copy from or to it, and every copy checks each page
// against the current task's address space first: it faults pages in by calling the same code as a page fault does,
// then copies through the kernel's direct map. So the kernel itself never takes a page fault, in either privilege mode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lib/result.h"
#include "lib/string.h"

namespace kernel::mm {

class AddressSpace;

// All or nothing: kFault if any byte is not accessible (bytes before it may have been copied).
Result<void> copy_from_user(void* destination, std::uint64_t user_address, std::size_t size);
Result<void> copy_to_user(std::uint64_t user_address, const void* source, std::size_t size);
// As much as is accessible; the number of bytes copied.
std::size_t copy_from_user_partial(void* destination, std::uint64_t user_address, std::size_t size);
std::size_t copy_to_user_partial(std::uint64_t user_address, const void* source, std::size_t size);
std::size_t clear_user_partial(std::uint64_t user_address, std::size_t size);
// The same in another address space than the current one (execve's new stack, /proc/PID/cmdline).
Result<void> copy_to_space(AddressSpace& space, std::uint64_t user_address, const void* source, std::size_t size);
std::size_t copy_from_space_partial(AddressSpace& space, void* destination, std::uint64_t user_address,
                                    std::size_t size);
// Up to and without the NUL; kNameTooLong if there is none in the first `limit` bytes.
Result<String> copy_string_from_user(std::uint64_t user_address, std::size_t limit);

template <typename T>
class UserPtr {
 public:
  using Value = std::remove_const_t<T>;

  UserPtr() = default;
  explicit UserPtr(std::uint64_t address) : address_(address) {}
  template <typename U>
  explicit UserPtr(UserPtr<U> other) : address_(other.address()) {}

  std::uint64_t address() const { return address_; }
  explicit operator bool() const { return address_ != 0; }
  UserPtr operator+(std::uint64_t count) const { return UserPtr(address_ + count * sizeof(T)); }

  Result<Value> read() const requires std::is_trivially_copyable_v<Value> {
    Value value;
    if (auto copied = copy_from_user(&value, address_, sizeof value); !copied) return copied.error();
    return value;
  }
  Result<void> write(const Value& value) const requires(std::is_trivially_copyable_v<Value> && !std::is_const_v<T>) {
    return copy_to_user(address_, &value, sizeof value);
  }

 private:
  std::uint64_t address_ = 0;
};

using UserString = UserPtr<const char>;
using UserBuffer = UserPtr<std::byte>;

}  // namespace kernel::mm
