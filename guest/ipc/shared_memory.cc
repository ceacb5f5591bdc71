#include "ipc/shared_memory.h"

#include "lib/global.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "task/out_of_memory.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::ipc {
namespace {

using task::Capability;

constinit Global<TableOf<Segment>> segments_;
constinit std::uint64_t pages_ = 0;

// Without CAP_IPC_LOCK a user's locked segments are at most RLIMIT_MEMLOCK together, of the process that asks.
bool may_lock(const task::User& user, std::uint64_t pages) {
  const task::Task& self = task::current();
  if (self.credentials.can(Capability::kIpcLock)) return true;
  const std::uint64_t limit = self.process->limits.current(task::Resource::kLockedMemory) >> mm::kPageShift;
  return user.locked_segment_pages + pages <= limit;
}

Result<int> make_segment(int key, std::uint64_t size, int flags) {
  if (size == 0 || size > limits.largest_segment) return Errno::kInval;
  if (size > ~std::uint64_t{0} - mm::kPageSize) return Errno::kNoSpc;
  const std::uint64_t pages = mm::page_ceil(size) >> mm::kPageShift;
  if (pages_ + pages > limits.all_segments) return Errno::kNoSpc;
  // As on a machine that has set no huge pages aside.
  if (flags & kSharedHugePages) return Errno::kNoMem;
  constexpr std::uint64_t kLargestFile = ~std::uint64_t{0} >> 1;  // MAX_LFS_FILESIZE
  if (size > kLargestFile) return Errno::kInval;
  // Linux's heuristic overcommit, as for mmap(2).
  if (!(flags & kSharedNoReserve) && pages > mm::memory_statistics().total_frames) return Errno::kNoMem;
  auto memory = TRY(make_ref<SegmentMemory>(size));
  auto segment = TRY(make_ref<Segment>(key, flags, std::move(memory)));
  return segments().add(std::move(segment), limits.segments);
}

}  // namespace

void SegmentMemory::mapping_added() {
  if (!segment_) return;
  ++segment_->attachments_;
  segment_->attached_ = now_in_seconds();
  segment_->last_ = current_pid();
}

void SegmentMemory::mapping_removed() {
  if (!segment_) return;
  --segment_->attachments_;
  segment_->detached_ = now_in_seconds();
  segment_->last_ = current_pid();
  segment_->remove_if_unused();
}

Segment::Segment(int key, int flags, Ref<SegmentMemory> memory)
    : Object(key, flags), memory_(std::move(memory)), creator_(current_pid()), changed(now_in_seconds()) {
  memory_->segment_ = this;
  pages_ += pages();
}

Segment::~Segment() {
  unlock();
  memory_->segment_ = nullptr;
  pages_ -= pages();
}

SharedRecord Segment::record() const {
  SharedRecord record{};
  record.permission = permission();
  record.size = size();
  record.attached = attached_, record.detached = detached_, record.changed = changed;
  record.creator = creator_, record.last = last_;
  record.attachments = attachments_;
  return record;
}

Result<void> Segment::lock() {
  if (mode & kModeLocked) return {};
  Ref<task::User> user = TRY(task::User::of(task::current().credentials.uid));
  if (!may_lock(*user, pages())) return Errno::kNoMem;
  user->locked_segment_pages += pages();
  locked_by_ = std::move(user);
  mode |= kModeLocked;
  return {};
}

void Segment::unlock() {
  if (!locked_by_) return;
  locked_by_->locked_segment_pages -= pages();
  locked_by_ = nullptr;
  mode &= ~kModeLocked;
}

void Segment::remove_when_unmapped() {
  mode |= kModeDestroyed;
  segments().forget_key(*this);  // by its id it can still be mapped
  remove_if_unused();
}

void Segment::remove_if_unused() {
  if (attachments_ != 0 || !(mode & kModeDestroyed) || removed()) return;
  segments().remove(*this);  // which may be the end of this object
}

TableOf<Segment>& segments() {
  return *segments_;
}

std::uint64_t segment_pages() {
  return pages_;
}

std::uint64_t resident_segment_pages() {
  std::uint64_t pages = 0;
  for (const Segment* segment = segments().first_from(0); segment;
       segment = segments().first_from(segment->place() + 1))
    pages += segment->resident_pages();
  return pages;
}

namespace {

// As on Linux (but for kernel.shm_rmid_forced), a segment stays until somebody removes it, and no kill frees it.
void report_unattached_segments() {
  constexpr int kMostNamed = 4;
  int named = 0;
  for (const Segment* segment = segments().first_from(0); segment && named < kMostNamed;
       segment = segments().first_from(segment->place() + 1)) {
    if (segment->attached_by_somebody() || segment->resident_pages() == 0) continue;
    ++named;
    log(LogLevel::kWarning, "out of memory: {} KiB are in System V segment {}, which nobody has attached (ipcrm -m {})",
        segment->resident_pages() * (mm::kPageSize / 1024), segment->id(), segment->id());
  }
}

}  // namespace

Result<int> get_segment(int key, std::uint64_t size, int flags) {
  task::set_kept_memory_report(report_unattached_segments);
  return segments().get(
      key, flags, [&] { return make_segment(key, size, flags); },
      [&](const Segment& segment) { return segment.size() >= size; });
}

}  // namespace kernel::ipc
