// The system call table as data: number, name, handler.
//
// A handler is an ordinary function of typed arguments, `SyscallResult sys_read(int fd, UserBuffer buffer, std::size_t
// count)`; the conversion from the six registers follows from its type. Each group of calls lists its rows in its own
// header (syscall/*_calls.h: `inline constexpr Entry kFileCalls[] = {row<sys_read>(0, "read"), ...}`), and
// syscall/table.cc merges them at compile time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "lib/result.h"
#include "mm/user_ptr.h"

namespace kernel::syscall {

using SyscallResult = Result<std::uint64_t>;

struct Arguments {
  std::uint64_t value[6];
};

struct Entry {
  std::uint16_t number = 0;
  std::string_view name;
  SyscallResult (*handler)(const Arguments&) = nullptr;
};

template <typename T>
struct IsUserPtr : std::false_type {};
template <typename T>
struct IsUserPtr<mm::UserPtr<T>> : std::true_type {};

// What the psABI leaves in a register's upper half for a 32-bit argument is undefined, so narrow integers are
// truncated.
template <typename T>
T from_register(std::uint64_t value) {
  if constexpr (IsUserPtr<T>::value) {
    return T(value);
  } else {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    return static_cast<T>(value);
  }
}

namespace detail {
template <typename... Args, std::size_t... I>
SyscallResult invoke(const Arguments& arguments, SyscallResult (*handler)(Args...), std::index_sequence<I...>) {
  return handler(from_register<Args>(arguments.value[I])...);
}
template <typename... Args>
consteval std::size_t count_of(SyscallResult (*)(Args...)) {
  return sizeof...(Args);
}
template <auto Handler>
SyscallResult adapter(const Arguments& arguments) {
  return invoke(arguments, Handler, std::make_index_sequence<count_of(Handler)>());
}
}  // namespace detail

template <auto Handler>
consteval Entry row(std::uint16_t number, std::string_view name) {
  Entry entry;
  entry.number = number;
  entry.name = name;
  entry.handler = &detail::adapter<Handler>;
  return entry;
}

inline constexpr std::size_t kTableSize = 463;
// nullptr for a number without a handler.
const Entry* find(std::uint64_t number);

}  // namespace kernel::syscall
