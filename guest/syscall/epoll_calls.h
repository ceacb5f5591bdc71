// epoll(7).
#pragma once

#include "fs/epoll_item.h"
#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

SyscallResult sys_epoll_create(int size);
SyscallResult sys_epoll_create1(std::uint32_t flags);
SyscallResult sys_epoll_ctl(int epoll_fd, int operation, int fd, mm::UserPtr<const fs::EpollEvent> event);
SyscallResult sys_epoll_wait(int epoll_fd, mm::UserPtr<fs::EpollEvent> events, int most, int milliseconds);
SyscallResult sys_epoll_pwait(int epoll_fd, mm::UserPtr<fs::EpollEvent> events, int most, int milliseconds,
                              mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size);
SyscallResult sys_epoll_pwait2(int epoll_fd, mm::UserPtr<fs::EpollEvent> events, int most,
                               mm::UserPtr<const Timespec> timeout, mm::UserPtr<const std::uint64_t> mask,
                               std::size_t mask_size);

inline constexpr Entry kEpollCalls[] = {
    row<sys_epoll_create>(213, "epoll_create"),   row<sys_epoll_wait>(232, "epoll_wait"),
    row<sys_epoll_ctl>(233, "epoll_ctl"),         row<sys_epoll_pwait>(281, "epoll_pwait"),
    row<sys_epoll_create1>(291, "epoll_create1"), row<sys_epoll_pwait2>(441, "epoll_pwait2"),
};

}  // namespace kernel::syscall
