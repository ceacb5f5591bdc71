#include "fs/ram/ram_file.h"

#include <algorithm>
#include <utility>

#include "fs/extended_attributes.h"
#include "fs/memory_file.h"
#include "lib/string.h"
#include "mm/address_space.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/task.h"
#include "task/wait_queue.h"

namespace kernel::fs {

namespace {

// Beyond what any VM can hold, and small enough that a sparse file's index stays small.
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 43;

// fallocate(2).
constexpr int kKeepSize = 1;
constexpr int kPunchHole = 2;

class OpenRamFile final : public StoredFile {
 public:
  OpenRamFile(Path path, std::uint32_t flags) : StoredFile(std::move(path), flags) {}
  Result<std::size_t> bytes_to_read() override {
    const std::uint64_t size = file().file_size();
    return size > offset_ ? size - offset_ : 0;
  }

 private:
  Result<void> do_allocate(int mode, std::uint64_t offset, std::uint64_t length) override {
    return file().allocate(mode, offset, length);
  }
  RamFile& file() { return static_cast<RamFile&>(inode()); }
  Result<std::size_t> do_read(std::uint64_t offset, mm::IoBuffer& buffer) override {
    return file().read(offset, buffer);
  }
  Result<std::size_t> do_write(std::uint64_t offset, mm::IoBuffer& buffer) override {
    return file().write(offset, buffer);
  }
  Result<std::uint64_t> find(std::uint64_t offset, std::uint64_t, bool data) override {
    return file().find(offset, data);
  }
};

// Pages of a hole that is being made, for those who touch them.
class CutInProgress final : public mm::PendingPage {
 public:
  Result<void> wait() override {
    auto ended = queue_.wait_until([this] { return ended_; }, Deadline::never(), task::Interruptible::kFatal);
    return ended ? Result<void>() : Errno::kIntr;
  }
  void end() {
    ended_ = true;
    queue_.wake_all();
  }

 private:
  bool ended_ = false;
  task::WaitQueue queue_;
};

// RLIMIT_FSIZE: how large the current process may make a file; SIGXFSZ and kFBig when `offset` is already there.
Result<std::uint64_t> largest_size(std::uint64_t offset) {
  const std::uint64_t limit = task::current().process->limits.current(task::Resource::kFileSize);
  if (offset >= limit) {
    task::SignalInfo info;
    info.signal = task::kSigXfsz;
    info.sender = {.pid = task::current().process->ids.pid, .uid = task::current().credentials.uid, .value = 0};
    task::send_signal(task::current(), info);
    return Errno::kFBig;
  }
  if (offset >= kLargestFile) return Errno::kFBig;
  return std::min(limit, kLargestFile);
}

}  // namespace

Result<Ref<File>> RamFile::open(const Path& path, std::uint32_t flags) {
  if ((flags & kAccessMode) != kReadOnly && in_image()) TRY(copy_up(lower_.size));
  return Ref<File>(TRY(make_ref<OpenRamFile>(path, flags)));
}

Result<void> RamFile::copy_up(std::uint64_t keep) {
  if (keep > kLargestFile) return Errno::kFBig;
  auto data = TRY(make_ref<mm::RamObject>(keep, fs().allowance()));
  for (std::uint64_t offset = 0; offset < keep; offset += mm::kPageSize) {
    const std::uint64_t wanted = std::min(mm::kPageSize, keep - offset);
    const auto extent = TRY(fs().image().map(lower_, offset));
    if (!extent.data) {
      // A hole ends where a chunk ends, or the file: page by page one of the size that an image can claim takes years.
      offset += mm::page_ceil(extent.length) - mm::kPageSize;
      continue;
    }
    TRY(RamFs::check_space(1));
    auto frame = TRY(data->fill_page(offset >> mm::kPageShift));
    memcpy(frame.data(), extent.data, std::min(wanted, extent.length));
  }
  mark_changed();
  data_ = std::move(data);
  lower_object_ = nullptr;
  return {};
}

Result<Ref<mm::MemoryObject>> RamFile::memory_object() {
  if (in_image()) {
    if (!lower_object_) lower_object_ = TRY(make_ref<erofs::FileObject>(fs().image(), lower_));
    return Ref<mm::MemoryObject>(lower_object_);
  }
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0, fs().allowance()));
  return Ref<mm::MemoryObject>(data_);
}

// The copy of the last page that an object of the image's may have is not worth keeping.
void RamFile::rest() {
  if (lower_object_ && lower_object_->references() == 1) lower_object_ = nullptr;
}

Result<std::size_t> RamFile::read(std::uint64_t offset, mm::IoBuffer& buffer) {
  const std::uint64_t end = size();
  if (offset >= end) return 0;
  buffer.limit(end - offset);
  return in_image() ? read_image(offset, buffer) : read_ram(offset, buffer);
}

Result<std::size_t> RamFile::read_image(std::uint64_t offset, mm::IoBuffer& buffer) {
  std::size_t done = 0;
  while (buffer.remaining() > 0) {
    const auto extent = TRY(fs().image().map(lower_, offset + done));
    const std::size_t chunk = std::min<std::uint64_t>(extent.length, buffer.remaining());
    auto stored = extent.data ? buffer.store({extent.data, chunk}) : buffer.store_zeros(chunk);
    if (!stored) return moved_or(done, stored.error());
    done += stored.value();
    if (stored.value() < chunk) break;
  }
  return done;
}

Result<std::size_t> RamFile::read_ram(std::uint64_t offset, mm::IoBuffer& buffer) {
  // relatime (mount(8)): the time of access matters only to those who compare it with the last change.
  if (accessed_.seconds <= modified_.seconds) accessed_ = to_timespec(realtime_ns());
  std::size_t done = 0;
  while (buffer.remaining() > 0) {
    const std::uint64_t position = offset + done;
    const std::size_t in_page = mm::page_offset(position);
    const std::size_t chunk = std::min(mm::kPageSize - in_page, buffer.remaining());
    const mm::Pfn frame = data_->resident_page(position >> mm::kPageShift);
    auto stored =
        frame == mm::kNoFrame ? buffer.store_zeros(chunk) : buffer.store({mm::frame_data(frame) + in_page, chunk});
    if (!stored) return moved_or(done, stored.error());
    done += stored.value();
    if (stored.value() < chunk) break;
  }
  return done;
}

// Who writes to a set-user-ID program without CAP_FSETID makes it an ordinary one (inode(7), write(2)).
void RamFile::drop_privileges() {
  // Whoever writes it (security_inode_need_killpriv() of Linux).
  drop_file_capabilities(*this);
  if (task::current().credentials.can(task::Capability::kFsetid)) return;
  permissions_ &= ~kModeSetUid;
  if (permissions_ & 010) permissions_ &= ~kModeSetGid;
}

Result<void> RamFile::check_resize(std::uint64_t new_size) const {
  if ((seals_ & kSealShrink) && new_size < size()) return Errno::kPerm;
  if ((seals_ & kSealGrow) && new_size > size()) return Errno::kPerm;
  return {};
}

Result<mm::FrameRef> RamFile::page_to_write(std::uint64_t index) {
  if (!data_->has_page(index)) TRY(fs().check_room(1));
  auto frame = data_->fill_page(index);
  if (!frame && frame.error() == Errno::kNoMem) return Errno::kNoSpc;
  return frame;
}

Result<std::size_t> RamFile::write(std::uint64_t offset, mm::IoBuffer& buffer) {
  if (buffer.remaining() == 0) return 0;
  const std::uint64_t largest = TRY(largest_size(offset));
  if (seals_ & (kSealWrite | kSealFutureWrite)) return Errno::kPerm;
  if (in_image()) TRY(copy_up(lower_.size));
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0, fs().allowance()));
  buffer.limit(largest - offset);

  std::size_t done = 0;
  Errno failure = Errno::kNone;
  while (buffer.remaining() > 0) {
    const std::uint64_t position = offset + done;
    const std::uint64_t index = position >> mm::kPageShift;
    const std::size_t in_page = mm::page_offset(position);
    const std::size_t chunk = std::min(mm::kPageSize - in_page, buffer.remaining());
    if ((seals_ & kSealGrow) && position + chunk > data_->size()) {
      failure = Errno::kPerm;
      break;
    }
    const bool was_hole = !data_->has_page(index);
    auto frame = page_to_write(index);
    if (!frame) {
      failure = frame.error();
      break;
    }
    auto loaded = buffer.load({frame.value().data() + in_page, chunk});
    if (!loaded) {
      if (was_hole) data_->punch_hole(index << mm::kPageShift, mm::kPageSize);
      failure = loaded.error();
      break;
    }
    done += loaded.value();
    // The end of the file follows what is there: a write that fails leaves no trace behind it.
    data_->extend_to(position + loaded.value());
    if (loaded.value() < chunk) break;
  }
  if (done == 0) return failure != Errno::kNone ? Result<std::size_t>(failure) : Result<std::size_t>(0);
  drop_privileges();
  touch_modified();
  return done;
}

Result<void> RamFile::change_metadata(const MetadataChange& change) {
  if ((seals_ & kSealExec) && change.set_permissions && ((change.permissions ^ permissions_) & 0111))
    return Errno::kPerm;
  return RamInode::change_metadata(change);
}

Result<void> RamFile::truncate(std::uint64_t new_size) {
  TRY(check_resize(new_size));
  if (new_size > size()) TRY(largest_size(new_size - 1));
  if (in_image()) TRY(copy_up(std::min(new_size, lower_.size)));
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0, fs().allowance()));
  data_->lower_end(new_size);
  drop_pages(mm::page_ceil(new_size) >> mm::kPageShift, mm::RamObject::kNoPage);
  data_->set_size(new_size);
  drop_privileges();
  touch_modified();
  return {};
}

Result<std::uint64_t> RamFile::find(std::uint64_t offset, bool data) const {
  if (!data_) return data ? offset : size();
  const std::uint64_t page = offset >> mm::kPageShift;
  if (!data) return std::min(size(), std::max(offset, data_->next_hole(page) << mm::kPageShift));
  const std::uint64_t next = data_->next_resident(page);
  if (next == mm::RamObject::kNoPage || next << mm::kPageShift >= size()) return Errno::kNxio;
  return std::max(offset, next << mm::kPageShift);
}

// All pages of [first, end) get a frame, or none does.
Result<void> RamFile::reserve(std::uint64_t first, std::uint64_t end) {
  const std::uint64_t pages = end - first;
  // What is certainly too much is refused before an index of it is made.
  const std::uint64_t present = data_->resident_frames();
  if (pages > present) TRY(fs().check_room(pages - present));
  auto missing = data_->prepare_pages(first, end);
  if (!missing) return Errno::kNoSpc;
  TRY(fs().check_room(missing.value()));
  // Nothing can come between: user copies, which could need memory, are far away.
  for (std::uint64_t index = first; index < end; ++index) {
    if (!data_->fill_page(index)) return Errno::kNoSpc;
  }
  return {};
}

// Frees the frames of [first, end) in pieces, between which others run.
void RamFile::drop_pages(std::uint64_t first, std::uint64_t end) {
  constexpr std::uint64_t kPiece = 256;
  for (std::uint64_t index = data_->next_resident(first); index < end; index = data_->next_resident(index)) {
    const std::uint64_t last = std::min(end, index + kPiece);
    data_->punch_hole(index << mm::kPageShift, (last - index) << mm::kPageShift);
    // Not ended by signals: half a hole would be seen by nobody who could make it whole.
    static_cast<void>(task::preemption_point());
  }
}

// Whoever touches a page of the hole meanwhile waits until it is there, as in Linux's shmem_fault(): else he could keep
// filling it, and nobody could say when it was whole.
Result<void> RamFile::punch(std::uint64_t offset, std::uint64_t end) {
  const std::uint64_t first = mm::page_ceil(offset) >> mm::kPageShift;
  const std::uint64_t last = std::min(end, mm::page_ceil(data_->size())) >> mm::kPageShift;
  if (first < last) {
    const auto cut = TRY(make_ref<CutInProgress>());
    {
      const mm::RamObject::Closure closure(*data_, first, last, cut);
      mm::unmap_object_pages(*data_, first, last);
      drop_pages(first, last);
    }
    cut->end();
  }
  data_->punch_hole(offset, end - offset);  // parts of pages, and what was reserved behind the end
  return {};
}

Result<void> RamFile::allocate(int mode, std::uint64_t offset, std::uint64_t length) {
  const bool keep_size = mode & kKeepSize;
  const bool punch = mode & kPunchHole;
  // What tmpfs does on Linux; FALLOC_FL_ZERO_RANGE and the rest are for file systems on disks.
  if ((mode & ~(kKeepSize | kPunchHole)) || (punch && !keep_size)) return Errno::kOpNotSupp;
  std::uint64_t end;
  if (__builtin_add_overflow(offset, length, &end) || end > kLargestFile) return Errno::kFBig;
  if ((seals_ & (kSealWrite | kSealFutureWrite)) && punch) return Errno::kPerm;
  if (!keep_size) {
    TRY(check_resize(std::max(size(), end)));
    if (end > size()) TRY(largest_size(end - 1));
  }
  if (in_image()) TRY(copy_up(lower_.size));
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0, fs().allowance()));

  if (punch) {
    TRY(this->punch(offset, end));
  } else {
    TRY(reserve(offset >> mm::kPageShift, mm::page_ceil(end) >> mm::kPageShift));
    if (!keep_size) data_->extend_to(end);
  }
  touch_modified();
  return {};
}

}  // namespace kernel::fs
