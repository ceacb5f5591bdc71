// Waiting for several files at once: poll(2), select(2).
#pragma once

#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

// struct pollfd.
struct UserPoll {
  std::int32_t fd;
  std::int16_t events;
  std::int16_t ready;
};
// pselect6's last argument: a pointer to a signal mask, and its size.
struct UserSignalMask {
  std::uint64_t address;
  std::uint64_t size;
};

SyscallResult sys_poll(mm::UserPtr<UserPoll> polls, std::uint32_t count, std::int32_t milliseconds);
SyscallResult sys_ppoll(mm::UserPtr<UserPoll> polls, std::uint32_t count, mm::UserPtr<Timespec> timeout,
                        mm::UserPtr<const std::uint64_t> mask, std::size_t mask_size);
SyscallResult sys_select(int count, mm::UserPtr<std::uint64_t> read, mm::UserPtr<std::uint64_t> write,
                         mm::UserPtr<std::uint64_t> except, mm::UserPtr<Timeval> timeout);
SyscallResult sys_pselect6(int count, mm::UserPtr<std::uint64_t> read, mm::UserPtr<std::uint64_t> write,
                           mm::UserPtr<std::uint64_t> except, mm::UserPtr<Timespec> timeout,
                           mm::UserPtr<const UserSignalMask> mask);

inline constexpr Entry kPollCalls[] = {
    row<sys_poll>(7, "poll"),
    row<sys_select>(23, "select"),
    row<sys_pselect6>(270, "pselect6"),
    row<sys_ppoll>(271, "ppoll"),
};

}  // namespace kernel::syscall
