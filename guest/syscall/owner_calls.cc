#include "syscall/owner_calls.h"

#include "fs/file_owner.h"
#include "task/signal_state.h"

namespace kernel::syscall {

namespace {

using fs::FileOwner;

// F_SETOWN: a process, or a process group as a negative number.
Result<FileOwner::Name> plain_name(std::int32_t who) {
  if (who >= 0) return FileOwner::Name{FileOwner::Kind::kProcess, who};
  if (who == -0x7fff'ffff - 1) return Errno::kInval;
  return FileOwner::Name{FileOwner::Kind::kGroup, -who};
}

SyscallResult set_owner(fs::File& file, const FileOwner::Name& name) {
  FileOwner* owner = TRY(file.make_owner());
  TRY(owner->set(name));
  return 0;
}

}  // namespace

SyscallResult owner_command(fs::File& file, int command, std::uint64_t argument) {
  const FileOwner* owner = file.owner();
  const FileOwner::Name name = owner ? owner->get() : FileOwner::Name{};
  switch (command) {
    case kSetOwner:
      return set_owner(file, TRY(plain_name(static_cast<std::int32_t>(argument))));
    case kGetOwner: {
      const std::int64_t who = name.kind == FileOwner::Kind::kGroup ? -std::int64_t{name.id} : name.id;
      return static_cast<std::uint64_t>(who);
    }
    case kSetOwnerEx: {
      const auto wanted = TRY(mm::UserPtr<const FileOwner::Name>(argument).read());
      const auto kind = static_cast<std::uint32_t>(wanted.kind);
      if (kind > static_cast<std::uint32_t>(FileOwner::Kind::kGroup)) return Errno::kInval;
      return set_owner(file, wanted);
    }
    case kGetOwnerEx:
      TRY(mm::UserPtr<FileOwner::Name>(argument).write(name));
      return 0;
    case kSetSignal: {
      if (argument > static_cast<std::uint64_t>(task::kSignalCount)) return Errno::kInval;
      FileOwner* made = TRY(file.make_owner());
      made->set_signal(static_cast<int>(argument));
      return 0;
    }
    case kGetSignal:
      return static_cast<std::uint64_t>(owner ? owner->signal() : 0);
    case kGetOwnerUids: {
      const std::uint32_t ids[2] = {owner ? owner->uid() : 0, owner ? owner->euid() : 0};
      TRY(mm::copy_to_user(argument, ids, sizeof ids));
      return 0;
    }
    default:
      return Errno::kInval;
  }
}

Result<bool> set_async(fs::File& file, int fd, bool on) {
  if (!file.owner_changes()) return false;
  if (on) {
    FileOwner* owner = TRY(file.make_owner());
    // As if it had been named, unless somebody was, and has not ended since.
    if (const FileOwner::Name name = file.default_owner(); name.id != 0 && owner->get().id == 0) TRY(owner->set(name));
    owner->start(fd);
  } else if (FileOwner* owner = file.owner()) {
    owner->stop();
  }
  file.set_flags(on ? file.flags() | fs::kAsync : file.flags() & ~fs::kAsync);
  return true;
}

}  // namespace kernel::syscall
