#include "fs/ram/ram_file.h"

#include <algorithm>
#include <utility>

#include "fs/memory_file.h"
#include "lib/string.h"
#include "mm/address_space.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// Beyond what any VM can hold, and small enough that a sparse file's index stays small.
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 43;

// fallocate(2).
constexpr int kKeepSize = 1;
constexpr int kPunchHole = 2;
constexpr int kZeroRange = 0x10;

class OpenRamFile final : public File {
 public:
  OpenRamFile(Path path, std::uint32_t flags) : File(std::move(path), flags) {}
  Result<void> allocate(int mode, std::uint64_t offset, std::uint64_t length) override {
    return file().allocate(mode, offset, length);
  }
  Result<std::size_t> bytes_to_read() override {
    const std::uint64_t size = file().file_size();
    return size > offset_ ? size - offset_ : 0;
  }

 private:
  RamFile& file() { return static_cast<RamFile&>(inode()); }
  Result<std::size_t> do_read(std::uint64_t offset, mm::IoBuffer& buffer) override {
    return file().read(offset, buffer);
  }
  Result<std::size_t> do_write(std::uint64_t& offset, mm::IoBuffer& buffer) override {
    if (flags() & kAppend) offset = file().file_size();
    return file().write(offset, buffer);
  }
};

// RLIMIT_FSIZE: how large the current process may make a file; SIGXFSZ and kFBig when `offset` is already there.
Result<std::uint64_t> largest_size(std::uint64_t offset) {
  const std::uint64_t limit = task::current().process->limits[task::kRlimitFsize].current;
  if (offset >= limit) {
    task::SignalInfo info;
    info.signal = task::kSigXfsz;
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
  auto data = TRY(make_ref<mm::RamObject>(keep));
  for (std::uint64_t offset = 0; offset < keep; offset += mm::kPageSize) {
    const std::uint64_t wanted = std::min(mm::kPageSize, keep - offset);
    const auto extent = TRY(fs().image().map(lower_, offset));
    if (!extent.data) continue;
    TRY(RamFs::check_space());
    auto frame = TRY(data->page(offset >> mm::kPageShift, mm::MemoryObject::Access::kWrite));
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
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0));
  return Ref<mm::MemoryObject>(data_);
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

// Who writes to a set-user-ID program without being root makes it an ordinary one (inode(7), write(2)).
void RamFile::drop_privileges() {
  if (task::current().credentials.fsuid == 0) return;
  permissions_ &= ~kModeSetUid;
  if (permissions_ & 010) permissions_ &= ~kModeSetGid;
}

Result<void> RamFile::check_resize(std::uint64_t new_size) const {
  if ((seals_ & kSealShrink) && new_size < size()) return Errno::kPerm;
  if ((seals_ & kSealGrow) && new_size > size()) return Errno::kPerm;
  return {};
}

Result<std::size_t> RamFile::write(std::uint64_t offset, mm::IoBuffer& buffer) {
  if (buffer.remaining() == 0) return 0;
  if (seals_ & (kSealWrite | kSealFutureWrite)) return Errno::kPerm;
  TRY(check_resize(std::max(size(), offset + buffer.remaining())));
  const std::uint64_t largest = TRY(largest_size(offset));
  if (in_image()) TRY(copy_up(lower_.size));
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0));
  buffer.limit(largest - offset);
  const std::uint64_t old_size = data_->size();
  if (offset + buffer.remaining() > old_size) data_->set_size(offset + buffer.remaining());

  std::size_t done = 0;
  Errno failure = Errno::kNone;
  while (buffer.remaining() > 0) {
    const std::uint64_t position = offset + done;
    const std::uint64_t index = position >> mm::kPageShift;
    const std::size_t in_page = mm::page_offset(position);
    const std::size_t chunk = std::min(mm::kPageSize - in_page, buffer.remaining());
    if (data_->resident_page(index) == mm::kNoFrame) {
      auto space = RamFs::check_space();
      if (!space) {
        failure = space.error();
        break;
      }
    }
    auto frame = data_->page(index, mm::MemoryObject::Access::kWrite);
    if (!frame) {
      failure = frame.error() == Errno::kNoMem ? Errno::kNoSpc : frame.error();
      break;
    }
    auto loaded = buffer.load({frame.value().data() + in_page, chunk});
    if (!loaded) {
      failure = loaded.error();
      break;
    }
    done += loaded.value();
    if (loaded.value() < chunk) break;
  }
  // What was not written does not make the file longer.
  const std::uint64_t new_size = std::max(old_size, offset + done);
  if (done == 0) {
    data_->set_size(old_size);
    if (failure != Errno::kNone) return failure;
    return 0;
  }
  if (data_->size() != new_size) data_->set_size(new_size);
  drop_privileges();
  touch_modified();
  return done;
}

Result<void> RamFile::truncate(std::uint64_t new_size) {
  TRY(check_resize(new_size));
  if (new_size > size() && new_size > 0) TRY(largest_size(new_size - 1));
  if (in_image()) TRY(copy_up(std::min(new_size, lower_.size)));
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0));
  if (data_->size() != new_size) data_->set_size(new_size);
  drop_privileges();
  touch_modified();
  return {};
}

Result<void> RamFile::allocate(int mode, std::uint64_t offset, std::uint64_t length) {
  const bool keep_size = mode & kKeepSize;
  const bool punch = mode & kPunchHole;
  const bool zero = mode & kZeroRange;
  if ((mode & ~(kKeepSize | kPunchHole | kZeroRange)) || (punch && (!keep_size || zero))) return Errno::kOpNotSupp;
  std::uint64_t end;
  if (__builtin_add_overflow(offset, length, &end) || end > kLargestFile) return Errno::kFBig;
  if ((seals_ & (kSealWrite | kSealFutureWrite)) && (punch || zero)) return Errno::kPerm;
  if (!keep_size) TRY(check_resize(std::max(size(), end)));
  if (in_image()) TRY(copy_up(lower_.size));
  if (!data_) data_ = TRY(make_ref<mm::RamObject>(0));

  const std::uint64_t old_size = data_->size();
  if (punch || zero) {
    const std::uint64_t hole_end = std::min(end, std::max(offset, old_size));
    data_->punch_hole(offset, hole_end - offset);
    mm::unmap_object_pages(*data_, mm::page_ceil(offset) >> mm::kPageShift, mm::page_ceil(hole_end) >> mm::kPageShift);
  }
  if (!keep_size && end > old_size) {
    TRY(largest_size(end - 1));
    data_->set_size(end);
  }
  if (!punch) {
    // Reserve: all pages or none. Pages beyond the end of the file (KEEP_SIZE) are not kept, which only costs time
    // later.
    const std::uint64_t first = offset >> mm::kPageShift;
    const std::uint64_t last = mm::page_ceil(std::min(end, data_->size())) >> mm::kPageShift;
    const std::uint64_t free = mm::memory_statistics().free_frames;
    if (last > first && last - first > free) {
      data_->set_size(old_size);
      return Errno::kNoSpc;
    }
    for (std::uint64_t index = first; index < last; ++index) {
      TRY(RamFs::check_space());
      TRY(data_->page(index, mm::MemoryObject::Access::kWrite));
    }
  }
  touch_modified();
  return {};
}

}  // namespace kernel::fs
