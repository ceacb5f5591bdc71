#include "syscall/socket_calls.h"

#include "fs/file_table.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

constexpr int kNonblock = 04000, kCloseOnExec = 02000000;  // SOCK_NONBLOCK, SOCK_CLOEXEC

// In the order in which Linux looks at the arguments.
Errno refuse(int family, int type) {
  constexpr int kTypeMask = 0xf, kTypeCount = 11, kFamilyCount = 46;  // SOCK_TYPE_MASK, SOCK_MAX, NPROTO
  if (type & ~(kTypeMask | kNonblock | kCloseOnExec)) return Errno::kInval;
  if (family < 0 || family >= kFamilyCount) return Errno::kAfNoSupport;
  if ((type & kTypeMask) >= kTypeCount) return Errno::kInval;
  return Errno::kAfNoSupport;
}

}  // namespace

SyscallResult sys_socket(int family, int type, int) {
  return refuse(family, type);
}

SyscallResult sys_socketpair(int family, int type, int, mm::UserPtr<int>) {
  return refuse(family, type);
}

SyscallResult sys_of_a_socket(int fd) {
  TRY(task::current().files->get_any(fd));
  return Errno::kNotSock;
}

SyscallResult sys_accept4(int fd, mm::UserBuffer, mm::UserPtr<int>, unsigned flags) {
  TRY(task::current().files->get_any(fd));
  if (flags & ~unsigned{kNonblock | kCloseOnExec}) return Errno::kInval;
  return Errno::kNotSock;
}

}  // namespace kernel::syscall
