// A payload's pointer. The kernel cannot dereference it, only copy from or to it, and every copy checks each page
// against the current task's address space first: it faults pages in by calling the same code as a page fault does,
// then copies through the kernel's direct map. So the kernel itself never takes a page fault, in either privilege mode.
//
// A page that cannot be had now (mm/pending_page.h) is waited for: copies may sleep, and are for where the caller holds
// nothing that other tasks change, as at the beginning and the end of a system call. Whoever moves a payload's data holds a
// lock or a place in a buffer; the copies "present" are for them, which IoBuffer makes: no other task runs before they
// return. They stop short and say what to wait for; the caller then lets go of what it holds, waits, and goes on. So an
// unmapped or ever again missing page ends in a short count or kFault, or holds up its own process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lib/result.h"
#include "lib/string.h"
#include "mm/pending_page.h"

namespace kernel::mm {

class AddressSpace;

// All or nothing: kFault if any byte is not accessible (bytes before it may have been copied).
Result<void> copy_from_user(void* destination, std::uint64_t user_address, std::size_t size);
Result<void> copy_to_user(std::uint64_t user_address, const void* source, std::size_t size);
// As much as is accessible without sleeping; the number of bytes copied. `pending` is set if they ended at a page that has
// to be waited for.
std::size_t copy_from_user_present(void* destination, std::uint64_t user_address, std::size_t size,
                                   Ref<PendingPage>& pending);
std::size_t copy_to_user_present(std::uint64_t user_address, const void* source, std::size_t size,
                                 Ref<PendingPage>& pending);
std::size_t clear_user_present(std::uint64_t user_address, std::size_t size, Ref<PendingPage>& pending);
// How much could be copied there.
std::size_t user_room_present(std::uint64_t user_address, std::size_t size, Ref<PendingPage>& pending);
// The same in another address space than the current one (execve's new stack, /proc/PID/cmdline).
Result<void> copy_to_space(AddressSpace& space, std::uint64_t user_address, const void* source, std::size_t size);
std::size_t copy_from_space_partial(AddressSpace& space, void* destination, std::uint64_t user_address,
                                    std::size_t size);
// The same for a tracer, and /proc/PID/mem: protection does not bind them (forced_access.cc). The number of bytes copied.
std::size_t copy_to_traced_space(AddressSpace& space, std::uint64_t user_address, const void* source, std::size_t size);
std::size_t copy_from_traced_space(AddressSpace& space, void* destination, std::uint64_t user_address,
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
