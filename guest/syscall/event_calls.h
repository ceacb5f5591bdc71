// Descriptors that stand for events: eventfd(2).
#pragma once

#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_eventfd(std::uint32_t value);
SyscallResult sys_eventfd2(std::uint32_t value, std::uint32_t flags);

inline constexpr Entry kEventCalls[] = {
    row<sys_eventfd>(284, "eventfd"),
    row<sys_eventfd2>(290, "eventfd2"),
};

}  // namespace kernel::syscall
