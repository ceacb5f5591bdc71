// The machine's names, as uname(2) tells them. There is one set, for the one container.
#pragma once

#include <string_view>

namespace kernel::task {

inline constexpr std::size_t kMaxNameLength = 64;  // __NEW_UTS_LEN

inline constexpr std::string_view kSystemName = "Linux";          // whose system calls these are
inline constexpr std::string_view kKernelRelease = "6.1.0-husk";  // programs look at the number to guess what exists
inline constexpr std::string_view kKernelVersion = "#1 husk";
inline constexpr std::string_view kMachine = "x86_64";

// The host name is the device tree's until sethostname(2).
std::string_view host_name();
std::string_view domain_name();
// `name` is at most kMaxNameLength long.
void set_host_name(std::string_view name);
void set_domain_name(std::string_view name);

}  // namespace kernel::task
