// A file system: a tree of inodes with a device number of its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/ref.h"
#include "task/mutex.h"

namespace kernel::fs {

class Dentry;
class Inode;
class ProcText;

// struct statfs of the x86-64 ABI (statfs(2)).
struct FileSystemStatistics {
  std::int64_t type = 0;
  std::int64_t block_size = 4096;
  std::uint64_t blocks = 0;
  std::uint64_t blocks_free = 0;
  std::uint64_t blocks_available = 0;
  std::uint64_t files = 0;
  std::uint64_t files_free = 0;
  std::int32_t id[2] = {};
  std::int64_t name_length = 255;
  std::int64_t fragment_size = 4096;
  std::int64_t flags = 0;
  std::int64_t spare[4] = {};
};
static_assert(sizeof(FileSystemStatistics) == 120);

class FileSystem : public RefCounted {
 public:
  // As in /proc/filesystems.
  virtual std::string_view type_name() const = 0;
  virtual Result<Ref<Inode>> root() = 0;
  // The root's name, made anew for each mount by default. One that can be mounted several times, whose names change
  // under all of its mounts at once, has one for all.
  virtual Result<Ref<Dentry>> root_entry();
  virtual FileSystemStatistics statistics() = 0;
  // What /proc/mounts and mountinfo show behind "rw" of its mount options: ",size=64k".
  virtual void describe_options(ProcText&) const {}
  // Whether a name stands for the same inode, or for none, until an operation on its directory's inode changes it, so that
  // it need not be asked for again. False for procfs, where names come and go.
  virtual bool names_are_stable() const { return true; }
  // How far lseek(2) goes in a directory (s_maxbytes of Linux's struct super_block).
  virtual std::uint64_t largest_position() const { return ~std::uint64_t{0} >> 1; }
  // st_dev.
  std::uint64_t device() const { return device_; }

  bool read_only = false;  // through every mount (mount(2), MS_REMOUNT without MS_BIND)
  // Held over a rename from one directory to another, before their mutexes: the tree keeps its shape meanwhile, so which
  // of two directories is above the other is certain (Linux's s_vfs_rename_mutex).
  task::Mutex rename_mutex;
  std::uint64_t resting_names = 0;  // fs/dentry_cache.h

 protected:
  FileSystem();
  void last_reference_dropped() override;  // names at rest go first

 private:
  std::uint64_t device_;
};

}  // namespace kernel::fs
