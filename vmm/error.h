// The one error type of husk's host-side set-up code: it names the operation that failed and the object it failed on,
// and, where there is one, what the user can do about it. Code that handles guest input does not throw it.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace husk {

// Exit statuses of the command itself, as docker and podman use them.
inline constexpr int kExitHuskError = 125;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

class Error : public std::runtime_error {
 public:
  // "cannot <operation> <object>: <reason>; <advice>"; `advice` may be empty.
  Error(std::string_view operation, std::string_view object, std::string_view reason, std::string_view advice = {});

  // The same with errno's text as the reason. Reads errno: construct it right after the failing call.
  static Error from_errno(std::string_view operation, std::string_view object, std::string_view advice = {});

  int errno_value() const { return errno_value_; }  // 0 when no system call failed

 private:
  int errno_value_ = 0;
};

}  // namespace husk
