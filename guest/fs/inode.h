// An inode: a file, directory, symbolic link, device, FIFO or socket of some file system, whatever its names. See
// inode(7).
//
// Operations take names already checked (1 to 255 bytes, no '/', not "." or ".."), and the caller has checked
// permissions (fs/access.h) and that the inode is of the right type. The defaults fail with what Linux reports for a
// file system that cannot do it.
//
// Operations may sleep, but for those that say that they do not. The caller has the inode's mutex, so that what an
// operation looked at before it slept is so afterwards:
//
//   owned    create, create_unnamed, link, unlink, rmdir, rename (of both directories); change_metadata, set_ and
//            remove_extended_attribute; truncate, a File's do_write and do_allocate
//   shared   lookup, iterate
//   not      metadata, extended_attributes, read_link, follow_magic, open, memory_object, a File's do_read: whoever sleeps in these sees to
//            what changes meanwhile himself
//
// A task takes what it needs of these locks in this order:
//
//   1. a file's own position (File::position_mutex_)
//   2. FileSystem::rename_mutex
//   3. of two directories the upper one first; if neither is above the other, the one at the lower address (only under 2);
//      then a directory that is removed or replaced
//   4. a file's inode
//
// While a task has one of them, it may touch a payload's memory only through IoBuffer, which does not sleep, and a page of
// a memory object never waits for one of them (mm/pending_page.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/abi.h"
#include "lib/ref.h"
#include "lib/string.h"
#include "lib/time.h"
#include "mm/memory_object.h"
#include "task/mutex.h"

namespace kernel::fs {

class Dentry;
class ExtendedAttributes;
class File;
class FileSystem;
class LockTable;
class Watches;
struct Path;

struct Metadata {
  std::uint32_t mode = 0;  // with the type
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t links = 1;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;          // of the file system
  std::uint64_t special_device = 0;  // st_rdev
  std::uint64_t size = 0;
  std::uint64_t blocks = 0;  // of 512 bytes
  std::uint32_t block_size = 4096;
  Timespec accessed{}, modified{}, changed{};

  FileType type() const { return static_cast<FileType>(mode >> 12); }
};

// What chmod, chown and utimensat change; only what is flagged.
struct MetadataChange {
  bool set_permissions = false, set_uid = false, set_gid = false, set_accessed = false, set_modified = false;
  std::uint32_t permissions = 0;
  std::uint32_t uid = 0, gid = 0;
  Timespec accessed{}, modified{};
};

// What create makes.
struct NewInode {
  std::uint32_t mode = 0;  // with the type
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t special_device = 0;
  std::string_view target;  // of a symbolic link
};

// How many of a directory's numbered entries, from position `base` on, are before `position`. The payload chooses
// positions (lseek(2) takes any), so they are compared in all their 64 bits and never narrowed.
constexpr std::uint64_t entries_before(std::uint64_t position, std::uint64_t base) {
  return position > base ? position - base : 0;
}

// Receives a directory's entries. `next` is the position from which the entry after this one is read. False: no room,
// stop before this entry. It must not let other tasks run (no copies to or from a payload): they may change the directory
// while it is being walked.
class DirectoryVisitor {
 public:
  virtual bool entry(std::string_view name, std::uint64_t inode, FileType type, std::uint64_t next) = 0;

 protected:
  ~DirectoryVisitor() = default;
};

class Inode : public RefCounted {
 public:
  FileType type() const { return type_; }
  bool is_directory() const { return type_ == FileType::kDirectory; }
  bool is_symlink() const { return type_ == FileType::kSymlink; }
  bool is_regular() const { return type_ == FileType::kRegular; }
  bool nameless() const { return file_system_ == nullptr; }  // a pipe or the like, in no file system
  FileSystem& file_system() const { return *file_system_; }  // not of a nameless one
  // statfs(2)'s f_type of a nameless one: pipefs, sockfs, ...
  virtual std::uint64_t nameless_magic() const { return 0; }

  // Whether even root is held to the permissions of the owner: sysctls (Linux's sysctl_perm).
  virtual bool binds_root() const { return false; }

  virtual Result<Metadata> metadata() = 0;
  virtual Result<void> change_metadata(const MetadataChange&) { return Errno::kPerm; }

  // --- extended attributes (fs/extended_attributes.h): null while there are none; kIo where an image's cannot be read.
  // Changes are under the mutex.
  virtual bool keeps_extended_attributes() const { return false; }
  virtual Result<const ExtendedAttributes*> extended_attributes() { return nullptr; }
  virtual Result<void> set_extended_attribute(std::string_view, std::span<const std::byte>, std::uint32_t /*flags*/) {
    return Errno::kOpNotSupp;
  }
  virtual Result<void> remove_extended_attribute(std::string_view) { return Errno::kOpNotSupp; }

  // --- directories
  virtual Result<Ref<Inode>> lookup(std::string_view) { return Errno::kNoEnt; }
  virtual Result<Ref<Inode>> create(std::string_view, const NewInode&) { return Errno::kPerm; }
  // An inode without a name, for O_TMPFILE; link() may give it one.
  virtual Result<Ref<Inode>> create_unnamed(const NewInode&) { return Errno::kOpNotSupp; }
  virtual Result<void> link(std::string_view, Inode&) { return Errno::kPerm; }
  virtual Result<void> unlink(std::string_view, Inode&) { return Errno::kPerm; }
  virtual Result<void> rmdir(std::string_view, Inode&) { return Errno::kPerm; }
  // `replaced` is what new_name means now, or null; with `exchange` the two names swap.
  virtual Result<void> rename(std::string_view /*name*/, Inode& /*child*/, Inode& /*new_directory*/,
                              std::string_view /*new_name*/, Inode* /*replaced*/, bool /*exchange*/) {
    return Errno::kPerm;
  }
  // From `position` on (0: the beginning) without "." and "..", which have positions 0 and 1; the first entry is at 2.
  virtual Result<void> iterate(std::uint64_t, DirectoryVisitor&) { return Errno::kNotDir; }

  // --- symbolic links
  virtual Result<String> read_link() { return Errno::kInval; }
  // A link that leads to an object rather than to a name (/proc/PID/fd/3): sets `target` and returns true.
  virtual Result<bool> follow_magic(Path& /*target*/) { return false; }

  // --- everything that can be opened. Permissions have been checked; O_TRUNC has been done. The default serves FIFOs,
  // device nodes and directories.
  virtual Result<Ref<File>> open(const Path& path, std::uint32_t flags);

  // --- regular files
  virtual Result<void> truncate(std::uint64_t) { return Errno::kInval; }  // or grow
  virtual Result<Ref<mm::MemoryObject>> memory_object() { return Errno::kNoDev; }
  // One of its names has come to rest (fs/dentry_cache.h): what can be made again need not be kept. Does not sleep.
  virtual void rest() {}
  // A shared mapping writes to it: for the times of the file (mmap(2), "Timestamps changes for file-backed mappings").
  virtual void written_through_mapping() {}

  // What a FIFO's or socket's inode refers to while it is open somewhere (fs/pipe.h).
  Ref<RefCounted> attached;
  // Of a directory: its name in memory, if it has one there. There is no second one (fs/dentry.h).
  Dentry* directory_entry = nullptr;
  // Held by the callers of the operations (fs/vfs*.cc, fs/file.cc); see above.
  task::Mutex mutex;
  // Record locks and flocks; null while there are none (fs/locks.h).
  LockTable* locks = nullptr;
  // Who watches it; null while nobody does (fs/notify.h).
  Watches* watches = nullptr;
  // Those who write the file, or, negative, those who run it (fs/write_claim.h).
  int write_count = 0;
  // Those who have it open for nothing but reading.
  int read_count = 0;

 protected:
  Inode(FileSystem* file_system, FileType type) : file_system_(file_system), type_(type) {}
  ~Inode() override;

 private:
  FileSystem* file_system_;  // alive as long as a mount or an open file has it; null for nameless objects
  FileType type_;
};

}  // namespace kernel::fs
