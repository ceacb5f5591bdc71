// Descriptors that stand for events: eventfd(2), timerfd_create(2), signalfd(2).
#pragma once

#include "syscall/table.h"
#include "syscall/timer_calls.h"

namespace kernel::syscall {

SyscallResult sys_eventfd(std::uint32_t value);
SyscallResult sys_eventfd2(std::uint32_t value, std::uint32_t flags);

SyscallResult sys_timerfd_create(int clock, std::uint32_t flags);
SyscallResult sys_timerfd_settime(int fd, std::uint32_t flags, mm::UserPtr<const ItimerSpec> value,
                                  mm::UserPtr<ItimerSpec> old_value);
SyscallResult sys_timerfd_gettime(int fd, mm::UserPtr<ItimerSpec> value);
SyscallResult sys_signalfd(int fd, mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size);
SyscallResult sys_signalfd4(int fd, mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size, std::uint32_t flags);

inline constexpr Entry kEventCalls[] = {
    row<sys_signalfd>(282, "signalfd"),
    row<sys_timerfd_create>(283, "timerfd_create"),
    row<sys_eventfd>(284, "eventfd"),
    row<sys_timerfd_settime>(286, "timerfd_settime"),
    row<sys_timerfd_gettime>(287, "timerfd_gettime"),
    row<sys_signalfd4>(289, "signalfd4"),
    row<sys_eventfd2>(290, "eventfd2"),
};

}  // namespace kernel::syscall
