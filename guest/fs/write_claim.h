// Who writes a file and who runs it exclude each other: open(2), truncate(2), execve(2), ETXTBSY. Also counts who writes
// through a mount, which cannot become read-only meanwhile (mount(2), EBUSY), and who only reads (fs/leases.h).
#pragma once

#include <utility>

#include "fs/inode.h"
#include "fs/mount.h"
#include "lib/result.h"

namespace kernel::fs {

// One writer or reader of an inode, or one program that forbids writing, for as long as it lives. Its owner keeps the inode and the
// mount alive: an open file (File::hold) by its path, a call by its own.
class WriteClaim {
 public:
  WriteClaim() = default;
  // kTxtBsy if the file is being run. Devices, FIFOs and sockets are written without changing any file: no claim.
  static Result<WriteClaim> to_write(Inode& inode, Mount* mount) {
    if (!inode.is_regular()) return WriteClaim();
    if (inode.write_count < 0) return Errno::kTxtBsy;
    ++inode.write_count;
    if (mount) ++mount->writers;
    return WriteClaim(&inode.write_count, mount, +1);
  }
  // kTxtBsy if somebody has the file open for writing.
  static Result<WriteClaim> to_run(Inode& inode) {
    if (inode.write_count > 0) return Errno::kTxtBsy;
    --inode.write_count;
    return WriteClaim(&inode.write_count, nullptr, -1);
  }
  static WriteClaim to_read(Inode& inode) {
    ++inode.read_count;
    return WriteClaim(&inode.read_count, nullptr, +1);
  }

  WriteClaim(WriteClaim&& other) noexcept
      : count_(std::exchange(other.count_, nullptr)), mount_(other.mount_), step_(other.step_) {}
  WriteClaim& operator=(WriteClaim other) noexcept {
    std::swap(count_, other.count_);
    std::swap(mount_, other.mount_);
    std::swap(step_, other.step_);
    return *this;
  }
  ~WriteClaim() {
    if (!count_) return;
    *count_ -= step_;
    if (mount_) --mount_->writers;
  }

 private:
  WriteClaim(int* count, Mount* mount, int step) : count_(count), mount_(mount), step_(step) {}

  int* count_ = nullptr;  // of the inode
  Mount* mount_ = nullptr;
  int step_ = 0;
};

}  // namespace kernel::fs
