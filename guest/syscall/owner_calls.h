// fcntl(2)'s commands for signal-driven I/O, and O_ASYNC.
#pragma once

#include "fs/file.h"
#include "syscall/table.h"

namespace kernel::syscall {

enum OwnerCommand : int {
  kSetOwner = 8,
  kGetOwner = 9,
  kSetSignal = 10,
  kGetSignal = 11,
  kSetOwnerEx = 15,
  kGetOwnerEx = 16,
  kGetOwnerUids = 17,
};

SyscallResult owner_command(fs::File& file, int command, std::uint64_t argument);

// Switches O_ASYNC on or off for a file that can tell its owner something; nothing happens for others. Whether it can.
Result<bool> set_async(fs::File& file, int fd, bool on);

}  // namespace kernel::syscall
