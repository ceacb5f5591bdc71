// Base of the objects that are only a descriptor: eventfd(2), epoll(7), timerfd_create(2), signalfd(2), inotify(7),
// pidfd_open(2). They have no contents at offsets, and their inode says nothing about them.
#pragma once

#include "fs/file.h"
#include "fs/nameless.h"

namespace kernel::fs {

class AnonymousFile : public File {
 public:
  bool is_stream() const override { return true; }
  // Succeeds without meaning (noop_llseek() of Linux).
  Result<std::uint64_t> seek(std::int64_t, int) override { return 0; }
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }
  bool can_splice(Direction) const override { return false; }

 protected:
  // `place`: from anonymous_place(). `flags`: the access mode and O_NONBLOCK.
  AnonymousFile(Path place, std::uint32_t flags, FileKind kind) : File(static_cast<Path&&>(place), flags, kind) {}
};

}  // namespace kernel::fs
