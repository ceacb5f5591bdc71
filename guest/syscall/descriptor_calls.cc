#include "syscall/descriptor_calls.h"

#include <utility>

#include "fs/file_table.h"
#include "fs/leases.h"
#include "fs/locks.h"
#include "fs/memory_file.h"
#include "fs/pipe.h"
#include "fs/vfs.h"
#include "syscall/file_arguments.h"
#include "syscall/owner_calls.h"
#include "syscall/record_locks.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

namespace {

fs::FileTable& files() {
  return *task::current().files;
}

// fcntl(2) commands.
enum FcntlCommand : int {
  kDuplicate = 0,
  kGetDescriptorFlags = 1,
  kSetDescriptorFlags = 2,
  kGetStatusFlags = 3,
  kSetStatusFlags = 4,
  kGetLock = 5,
  kSetLock = 6,
  kSetLockWait = 7,
  kGetOwnedLock = 36,
  kSetOwnedLock = 37,
  kSetOwnedLockWait = 38,
  kSetLease = 1024,
  kGetLease = 1025,
  kDuplicateCloseOnExec = 1030,
  kSetPipeSize = 1031,
  kGetPipeSize = 1032,
  kAddSeals = 1033,
  kGetSeals = 1034,
};
constexpr std::uint64_t kFdCloexec = 1;
// What F_SETFL may change. O_DIRECT makes packets in a pipe (pipe(2)) and nothing elsewhere: no cache lies between a file and
// its data.
constexpr std::uint32_t kSettable = fs::kAppend | fs::kNonBlock | fs::kNoAtime | fs::kDirect;

// ioctl(2) requests that every file knows.
enum CommonRequest : std::uint32_t {
  kFioNonBlock = 0x5421,
  kFioAsync = 0x5452,
  kFioNoCloexec = 0x5450,
  kFioCloexec = 0x5451,
  kFioBytesToRead = 0x541b,
};
// Of sockets only: F_SETOWN and F_GETOWN, once more (socket(7)).
enum SocketOwnerRequest : std::uint32_t {
  kFioSetOwner = 0x8901,
  kSiocSetGroup = 0x8902,
  kFioGetOwner = 0x8903,
  kSiocGetGroup = 0x8904,
};

SyscallResult open_at(int directory_fd, mm::UserString path, std::uint32_t flags, std::uint32_t mode) {
  const String text = TRY(path_argument(path));
  const fs::Path start = TRY(fs::start_of(directory_fd, text));
  // Linux sets O_LARGEFILE for 64-bit programs, and F_GETFL shows it.
  Ref<fs::File> file = TRY(fs::open(start, text, flags | fs::kLargeFile, mode));
  return static_cast<std::uint64_t>(TRY(files().install(std::move(file), flags & fs::kCloseOnExec)));
}

SyscallResult duplicate(const Ref<fs::File>& file, std::uint64_t minimum, bool close_on_exec) {
  if (minimum >= task::current().process->limits.current(task::Resource::kOpenFiles)) return Errno::kInval;
  return static_cast<std::uint64_t>(TRY(files().install(file, close_on_exec, static_cast<int>(minimum))));
}

SyscallResult set_non_blocking(fs::File& file, std::uint64_t argument) {
  const std::int32_t on = TRY(mm::UserPtr<const std::int32_t>(argument).read());
  file.set_flags(on ? file.flags() | fs::kNonBlock : file.flags() & ~fs::kNonBlock);
  return 0;
}

SyscallResult set_status_flags(fs::File& file, int fd, std::uint32_t wanted) {
  if ((file.flags() ^ wanted) & fs::kAsync) TRY(set_async(file, fd, wanted & fs::kAsync));
  // O_ASYNC stays off where nothing can be told.
  file.set_flags((file.flags() & ~kSettable) | (wanted & kSettable));
  return 0;
}

// FIOASYNC: as O_ASYNC, but an error for a file that has nothing to tell.
SyscallResult switch_async(fs::File& file, int fd, std::uint64_t argument) {
  const bool on = TRY(mm::UserPtr<const std::int32_t>(argument).read()) != 0;
  if (on == ((file.flags() & fs::kAsync) != 0)) return 0;
  if (!TRY(set_async(file, fd, on))) return Errno::kNoTty;
  return 0;
}

SyscallResult set_lease(fs::File& file, int fd, std::uint32_t type) {
  if (type > static_cast<std::uint32_t>(fs::LockType::kUnlock)) return Errno::kInval;
  return done(fs::Leases::set(file, fd, static_cast<fs::LockType>(type)));
}

SyscallResult socket_owner_request(fs::File& file, std::uint32_t request, std::uint64_t argument) {
  if (request == kFioSetOwner || request == kSiocSetGroup) {
    const std::int32_t who = TRY(mm::UserPtr<const std::int32_t>(argument).read());
    return owner_command(file, kSetOwner, static_cast<std::uint32_t>(who));
  }
  const std::uint64_t who = TRY(owner_command(file, kGetOwner, 0));
  TRY(mm::UserPtr<std::int32_t>(argument).write(static_cast<std::int32_t>(who)));
  return 0;
}

}  // namespace

SyscallResult sys_open(mm::UserString path, std::uint32_t flags, std::uint32_t mode) {
  return open_at(fs::kAtFdCwd, path, flags, mode);
}

SyscallResult sys_openat(int directory_fd, mm::UserString path, std::uint32_t flags, std::uint32_t mode) {
  return open_at(directory_fd, path, flags, mode);
}

SyscallResult sys_creat(mm::UserString path, std::uint32_t mode) {
  return open_at(fs::kAtFdCwd, path, fs::kCreate | fs::kWriteOnly | fs::kTruncate, mode);
}

SyscallResult sys_close(int fd) {
  return done(files().close(fd));
}

SyscallResult sys_close_range(std::uint32_t first, std::uint32_t last, std::uint32_t flags) {
  constexpr std::uint32_t kUnshare = 2;
  constexpr std::uint32_t kCloexec = 4;
  if (first > last || (flags & ~(kUnshare | kCloexec))) return Errno::kInval;
  task::Task& task = task::current();
  if ((flags & kUnshare) && task.files->references() > 1) task.files = TRY(task.files->clone());
  if (flags & kCloexec) return done(task.files->set_range_close_on_exec(first, last));
  task.files->close_range(first, last);
  return 0;
}

SyscallResult sys_dup(int fd) {
  Ref<fs::File> file = TRY(files().get_any(fd));
  return static_cast<std::uint64_t>(TRY(files().install(std::move(file), false)));
}

SyscallResult sys_dup2(int fd, int new_fd) {
  Ref<fs::File> file = TRY(files().get_any(fd));
  if (fd == new_fd) return static_cast<std::uint64_t>(new_fd);
  TRY(files().install_at(new_fd, std::move(file), false));
  return static_cast<std::uint64_t>(new_fd);
}

SyscallResult sys_dup3(int fd, int new_fd, std::uint32_t flags) {
  if (fd == new_fd || (flags & ~fs::kCloseOnExec)) return Errno::kInval;
  Ref<fs::File> file = TRY(files().get_any(fd));
  TRY(files().install_at(new_fd, std::move(file), flags & fs::kCloseOnExec));
  return static_cast<std::uint64_t>(new_fd);
}

SyscallResult sys_fcntl(int fd, int command, std::uint64_t argument) {
  const Ref<fs::File> file = TRY(files().get_any(fd));
  switch (command) {
    case kDuplicate:
      return duplicate(file, argument, false);
    case kDuplicateCloseOnExec:
      return duplicate(file, argument, true);
    case kGetDescriptorFlags:
      return TRY(files().close_on_exec(fd)) ? kFdCloexec : 0;
    case kSetDescriptorFlags:
      return done(files().set_close_on_exec(fd, argument & kFdCloexec));
    case kGetStatusFlags:
      return file->flags();
    default:
      break;
  }
  if (file->is_path_only()) return Errno::kBadF;
  switch (command) {
    case kSetStatusFlags:
      return set_status_flags(*file, fd, static_cast<std::uint32_t>(argument));
    case kSetOwner:
    case kGetOwner:
    case kSetSignal:
    case kGetSignal:
    case kSetOwnerEx:
    case kGetOwnerEx:
    case kGetOwnerUids:
      return owner_command(*file, command, argument);
    case kGetLock:
      return get_record_lock(*file, argument, false);
    case kSetLock:
      return set_record_lock(fd, file, argument, false, false);
    case kSetLockWait:
      return set_record_lock(fd, file, argument, false, true);
    case kGetOwnedLock:
      return get_record_lock(*file, argument, true);
    case kSetOwnedLock:
      return set_record_lock(fd, file, argument, true, false);
    case kSetOwnedLockWait:
      return set_record_lock(fd, file, argument, true, true);
    case kSetLease:
      return set_lease(*file, fd, static_cast<std::uint32_t>(argument));
    case kGetLease:
      return static_cast<std::uint64_t>(fs::Leases::get(*file));
    case kGetPipeSize:
      return fs::pipe_capacity(*file);
    case kSetPipeSize:
      return fs::set_pipe_capacity(*file, static_cast<std::uint32_t>(argument));
    case kGetSeals:
      return fs::seals(*file);
    case kAddSeals:
      return done(fs::add_seals(*file, static_cast<std::uint32_t>(argument)));
    default:
      return Errno::kInval;
  }
}

SyscallResult sys_ioctl(int fd, std::uint32_t request, std::uint64_t argument) {
  const Ref<fs::File> file = TRY(file_argument(fd));
  switch (request) {
    case kFioCloexec:
      return done(files().set_close_on_exec(fd, true));
    case kFioNoCloexec:
      return done(files().set_close_on_exec(fd, false));
    case kFioNonBlock:
      return set_non_blocking(*file, argument);
    case kFioAsync:
      return switch_async(*file, fd, argument);
    case kFioBytesToRead: {
      auto count = file->bytes_to_read();
      if (!count) break;  // a device answers for itself
      return done(mm::UserPtr<std::int32_t>(argument).write(static_cast<std::int32_t>(count.value())));
    }
    case kFioSetOwner:
    case kSiocSetGroup:
    case kFioGetOwner:
    case kSiocGetGroup:
      if (file->kind() == fs::FileKind::kSocket) return socket_owner_request(*file, request, argument);
      break;
    default:
      break;
  }
  return file->ioctl(request, argument);
}

SyscallResult sys_flock(int fd, int operation) {
  constexpr int kShared = 1, kExclusiveLock = 2, kDontWait = 4, kUnlockAll = 8;
  const Ref<fs::File> file = TRY(file_argument(fd));
  fs::LockType type;
  switch (operation & ~kDontWait) {
    case kShared:
      type = fs::LockType::kRead;
      break;
    case kExclusiveLock:
      type = fs::LockType::kWrite;
      break;
    case kUnlockAll:
      type = fs::LockType::kUnlock;
      break;
    default:
      return Errno::kInval;
  }
  fs::LockTable* locks = TRY(fs::LockTable::of(file->inode()));
  return done(locks->set_whole(*file, type, !(operation & kDontWait)));
}

SyscallResult sys_pipe(mm::UserPtr<std::int32_t> fds) {
  return sys_pipe2(fds, 0);
}

SyscallResult sys_pipe2(mm::UserPtr<std::int32_t> fds, std::uint32_t flags) {
  if (flags & ~(fs::kCloseOnExec | fs::kNonBlock | fs::kDirect)) return Errno::kInval;
  fs::PipeEnds ends = TRY(fs::make_pipe(flags & (fs::kNonBlock | fs::kDirect)));
  const bool close_on_exec = flags & fs::kCloseOnExec;
  const int reader = TRY(files().install(std::move(ends.reader), close_on_exec));
  auto writer = files().install(std::move(ends.writer), close_on_exec);
  if (writer) {
    const std::int32_t both[2] = {reader, writer.value()};
    auto copied = mm::copy_to_user(fds.address(), both, sizeof both);
    if (copied) return 0;
    TRY(files().close(writer.value()));
    TRY(files().close(reader));
    return copied.error();
  }
  TRY(files().close(reader));
  return writer.error();
}

SyscallResult sys_memfd_create(mm::UserString name, std::uint32_t flags) {
  constexpr std::uint32_t kCloexec = 1, kAllowSealing = 2, kNoExecSeal = 8, kExec = 16;
  constexpr std::size_t kLongestName = 249;  // NAME_MAX less "memfd:"
  if (flags & ~(kCloexec | kAllowSealing | kNoExecSeal | kExec)) return Errno::kInval;
  if ((flags & kNoExecSeal) && (flags & kExec)) return Errno::kInval;
  auto text = mm::copy_string_from_user(name.address(), kLongestName + 1);
  if (!text) return text.error() == Errno::kNameTooLong ? Errno::kInval : text.error();
  using Kind = fs::MemoryFileKind;
  const Kind kind = flags & kNoExecSeal     ? Kind::kNeverExecutable
                    : flags & kAllowSealing ? Kind::kSealable
                                            : Kind::kPlain;
  Ref<fs::File> file = TRY(fs::make_memory_file(text.value(), kind));
  return static_cast<std::uint64_t>(TRY(files().install(std::move(file), flags & kCloexec)));
}

}  // namespace kernel::syscall
