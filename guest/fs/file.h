// An open file description (open(2)): what descriptors refer to, shared by dup(2) and fork(2). It has the offset and
// the status flags; what it is opened on is an inode.
//
// Not every file is a file of a file system. What a kind can do it says in one place, by overriding:
//   StoredFile     contents at offsets, ready at any time: regular files, directories, /proc
//   File           streams that have a name: pipes, terminals, sockets
//   AnonymousFile  objects that are only a descriptor: eventfd, epoll, timerfd, ... (fs/anonymous_file.h)
// docs/adding-a-system-call.md goes through the making of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/abi.h"
#include "fs/file_owner.h"
#include "fs/inode.h"
#include "fs/path.h"
#include "fs/poll.h"
#include "fs/write_claim.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "mm/io_buffer.h"
#include "mm/mapped_file.h"
#include "mm/memory_object.h"
#include "task/mutex.h"

namespace kernel::fs {

class EpollItem;
class ProcText;

// What a transfer that was cut short returns: the bytes it moved, or why it moved none.
inline Result<std::size_t> moved_or(std::size_t moved, Errno error) {
  if (moved > 0) return moved;
  return error;
}

// Where a write goes: as the file's O_APPEND says, or as pwritev2(2)'s flags say for one call.
enum class Append : std::uint8_t { kAsOpened, kYes, kNo };

enum class Direction : std::uint8_t { kRead, kWrite };

// The kinds that some system call asks for by name: "is this descriptor an epoll instance?". See file_as().
enum class FileKind : std::uint8_t {
  kOther,
  kPipe,
  kSocket,
  kEpoll,
  kEventCounter,
  kTimer,
  kSignals,
  kInotify,
  kProcess,
  kMessageQueue,
};

// Told when a file's last reference goes, while the file is still whole: who watches a file without keeping it open
// (epoll(7): an interest ends when all descriptors of its file are closed).
class CloseObserver {
 public:
  virtual void file_closed() = 0;
  // For who walks from a file to those who watch it; null if this is no interest of an epoll.
  virtual EpollItem* as_epoll_item() { return nullptr; }

 protected:
  ~CloseObserver() = default;

 private:
  friend class File;
  ListNode link_;
};

class File : public mm::MappedFile {
 public:
  ~File() override;

  FileKind kind() const { return kind_; }

  const Path& path() const { return path_; }
  Inode& inode() const { return *path_.dentry->inode(); }

  // O_* flags: the access mode, and the status flags that F_SETFL changes.
  std::uint32_t flags() const { return flags_; }
  void set_flags(std::uint32_t flags) { flags_ = flags; }
  bool is_path_only() const { return flags_ & kPathOnly; }
  bool readable() const {
    return !is_path_only() && ((flags_ & kAccessMode) == kReadOnly || (flags_ & kAccessMode) == kReadWrite);
  }
  bool writable() const {
    return !is_path_only() && ((flags_ & kAccessMode) == kWriteOnly || (flags_ & kAccessMode) == kReadWrite);
  }
  // What the file's inode owes to its being open, until it is closed or the claim is replaced.
  void hold(WriteClaim claim) { claim_ = std::move(claim); }
  bool non_blocking() const { return flags_ & kNonBlock; }
  // It was opened by a name: who watches that (fs/notify.h) is told, and will be told of what is done with the file.
  void announce_open();
  bool is_announced() const { return announced_; }

  // At the file's offset, which advances. kBadF unless open for it. Bytes moved; 0 at the end of the file.
  Result<std::size_t> read(mm::IoBuffer& buffer);
  Result<std::size_t> write(mm::IoBuffer& buffer, Append append = Append::kAsOpened);
  // At `offset`; kSPipe for a stream.
  Result<std::size_t> read_at(std::uint64_t offset, mm::IoBuffer& buffer);
  Result<std::size_t> write_at(std::uint64_t offset, mm::IoBuffer& buffer, Append append = Append::kAsOpened);
  // Into kernel memory (execve reading headers). Less than asked at the end of the file.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> memory);
  std::uint64_t offset() const { return offset_; }

  // lseek(2).
  virtual Result<std::uint64_t> seek(std::int64_t offset, int whence);
  // fsync(2). kInval for what has nothing to be stored.
  virtual Result<void> sync();
  virtual Result<std::uint64_t> ioctl(std::uint32_t /*request*/, std::uint64_t /*argument*/) { return Errno::kNoTty; }
  virtual Readiness readiness() = 0;
  // Whether there is something to wait for; what is always ready, epoll_ctl(2) refuses (EPERM).
  virtual bool can_be_polled() const { return true; }
  void observe_close(CloseObserver& observer) { close_observers_.push_back(observer); }
  void end_observation(CloseObserver& observer) { observer.link_.unlink(); }
  // `action` returns false to stop; false if it did.
  template <typename Action>
  bool for_each_close_observer(Action action) {
    for (CloseObserver& observer : close_observers_) {
      if (!action(observer)) return false;
    }
    return true;
  }
  // Where the file announces what its owner hears of with O_ASYNC (fcntl(2)), as kPollIn and kPollOut. Null: nothing.
  virtual task::WaitQueue* owner_changes() { return nullptr; }
  FileOwner* owner() { return owner_.get(); }  // null if none was ever named
  // Who that is when O_ASYNC is set and none was named. Id 0: nobody.
  virtual FileOwner::Name default_owner() const { return {}; }
  Result<FileOwner*> make_owner();
  // A descriptor of the file was closed, maybe not the last one.
  virtual void descriptor_closed() {}
  // Lines of /proc/PID/fdinfo/FD beyond those that every file has (proc(5)).
  virtual void describe(ProcText&) {}
  // Directories: entries from the offset on, "." and ".." included; the offset is moved behind what was taken.
  virtual Result<void> iterate(DirectoryVisitor&) { return Errno::kNotDir; }
  // What mmap(2) maps. kNoDev if it cannot be mapped.
  virtual Result<Ref<mm::MemoryObject>> memory_object() { return inode().memory_object(); }
  void note_mapped_write() final { inode().written_through_mapping(); }
  // fallocate(2).
  Result<void> allocate(int mode, std::uint64_t offset, std::uint64_t length);
  // No offset: data comes and goes in order, and pread(2) fails. What lseek(2) says is seek()'s, fsync(2) is sync()'s.
  virtual bool is_stream() const { return false; }
  // Whether readv(2) and writev(2) of a stream are one transfer for each buffer (a device that takes records) instead of
  // one in all, as where Linux has no read_iter or write_iter.
  virtual bool takes_buffers_singly(Direction) const { return false; }
  // Whether splice(2) and sendfile(2) take data from it, or give it data: as where Linux has a splice_read or splice_write.
  // (Pipes are not asked.) A socket that is not to be spliced to, a timer, or the like says no.
  virtual bool can_splice(Direction) const { return true; }
  // FIONREAD.
  virtual Result<std::size_t> bytes_to_read() { return Errno::kNoTty; }

 protected:
  File(Path path, std::uint32_t flags, FileKind kind = FileKind::kOther)
      : path_(static_cast<Path&&>(path)), flags_(flags), kind_(kind) {}
  void last_reference_dropped() override;

  // Move data at `offset` (meaningless for a stream). They may sleep, a stream's for as long as it takes. Of the buffer's
  // data they return what they took or gave for good: where it has to wait for a page (IoBuffer::pending()) they return
  // early and are called again. do_write() of what has an offset runs under the inode's mutex, do_read() without.
  virtual Result<std::size_t> do_read(std::uint64_t /*offset*/, mm::IoBuffer&) { return Errno::kInval; }
  virtual Result<std::size_t> do_write(std::uint64_t /*offset*/, mm::IoBuffer&) { return Errno::kInval; }
  virtual Result<void> do_allocate(int /*mode*/, std::uint64_t /*offset*/, std::uint64_t /*length*/) {
    return Errno::kNoDev;
  }
  // lseek(2)'s SEEK_DATA or SEEK_HOLE from `offset`, which is before the end. The default is for a file without holes:
  // all of it is data, and the only hole is at the end.
  virtual Result<std::uint64_t> find(std::uint64_t offset, std::uint64_t size, bool data) {
    return data ? offset : size;
  }

  std::uint64_t offset_ = 0;
  // Held by who moves data at the file's own offset, as Linux's f_pos_lock: two readers do not get the same bytes.
  task::Mutex position_mutex_;

 private:
  template <typename Move>
  Result<std::size_t> in_pieces(mm::IoBuffer& buffer, Move move);
  template <typename Move>
  Result<std::size_t> stream(Direction direction, mm::IoBuffer& buffer, Move move, mm::OnceMoved once_moved);
  Result<std::size_t> read_pieces(std::uint64_t offset, mm::IoBuffer& buffer);
  Result<std::size_t> write_pieces(std::uint64_t& offset, mm::IoBuffer& buffer, Append append);

  Path path_;
  std::uint32_t flags_;
  FileKind kind_;
  bool announced_ = false;
  List<CloseObserver, &CloseObserver::link_> close_observers_;
  Ref<FileOwner> owner_;
  WriteClaim claim_;  // after path_: it refers to its inode and mount
};

// The file as this kind of it, or null. T::kKind says which it is, and T's constructor passes it on to File.
template <typename T>
T* file_as(File& file) {
  return file.kind() == T::kKind ? static_cast<T*>(&file) : nullptr;
}

// Contents at offsets that are at hand: reading or writing never waits for anybody.
class StoredFile : public File {
 public:
  Readiness readiness() override { return kAlwaysReady; }
  bool can_be_polled() const override { return false; }

 protected:
  using File::File;
};

}  // namespace kernel::fs
