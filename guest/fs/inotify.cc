#include "fs/inotify.h"

#include <algorithm>
#include <utility>

#include "fs/proc/proc_text.h"
#include "mm/frame.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// <linux/inotify.h>, struct inotify_event; the name follows, padded with NULs to a multiple of its size.
struct UserEvent {
  std::int32_t descriptor;
  std::uint32_t events;
  std::uint32_t cookie;
  std::uint32_t name_size;
};

// All events that nobody has read, of all memory. (On Linux it is the memory control group that counts them.)
constexpr std::uint64_t kShareOfMemory = 16;
constinit std::uint64_t g_unread_bytes = 0;

constexpr std::size_t padded(std::size_t name) {
  return name == 0 ? 0 : (name + 1 + sizeof(UserEvent) - 1) / sizeof(UserEvent) * sizeof(UserEvent);
}

}  // namespace

// As Linux: so many that they and their inodes take a hundredth of the memory, within bounds.
std::uint32_t max_user_watches() {
  constexpr std::uint64_t kCost = 1536, kLeast = 8192, kMost = 1 << 20;
  const std::uint64_t bytes = mm::memory_statistics().total_frames / 100 * mm::kPageSize;
  return static_cast<std::uint32_t>(std::clamp(bytes / kCost, kLeast, kMost));
}

WatchTable::~WatchTable() {
  for (Watch*& first : buckets_) {
    while (Watch* watch = first) {
      first = watch->next_in_bucket;
      end_watch(*watch);
      watch->release();
    }
  }
}

Watch* WatchTable::find(int descriptor) const {
  if (buckets_.empty() || descriptor <= 0) return nullptr;
  Watch* watch = buckets_[static_cast<std::size_t>(descriptor) & (buckets_.size() - 1)];
  while (watch && watch->descriptor != descriptor) watch = watch->next_in_bucket;
  return watch;
}

void WatchTable::put(Watch& watch) {
  Watch** first = bucket(watch.descriptor);
  watch.next_in_bucket = *first;
  *first = &watch;
}

Result<void> WatchTable::grow() {
  constexpr std::size_t kFirstBuckets = 8;
  Vector<Watch*> bigger;
  TRY(bigger.resize(buckets_.empty() ? kFirstBuckets : buckets_.size() * 2));
  std::swap(buckets_, bigger);
  for (Watch* watch : bigger) {
    while (watch) put(*std::exchange(watch, watch->next_in_bucket));
  }
  return {};
}

Result<void> WatchTable::add(Watch& watch) {
  if (count_ == buckets_.size()) TRY(grow());
  put(watch);
  watch.retain();
  ++count_;
  return {};
}

void WatchTable::remove(Watch& watch) {
  Watch** link = bucket(watch.descriptor);
  while (*link != &watch) link = &(*link)->next_in_bucket;
  *link = watch.next_in_bucket;
  --count_;
  watch.release();
}

int WatchTable::next_descriptor() {
  do {
    last_ = last_ == 0x7fff'ffff ? 1 : last_ + 1;
  } while (find(last_));
  return last_;
}

Inotify::~Inotify() {
  while (!queue_.empty()) take_first();
}

Result<int> Inotify::watch(Ref<Inode> inode, std::uint32_t mask) {
  Watch* watch = find_watch(*inode, *this);
  if (watch && (mask & kInMaskCreate)) return Errno::kExist;
  if (!watch) {
    const Ref<task::User> user = charge_.user();
    if (user && user->watches >= max_user_watches()) return Errno::kNoSpc;
    auto made = TRY(make_ref<Watch>(*this, std::move(inode), watches_.next_descriptor(), WatchCharge(user)));
    TRY(begin_watch(*made));
    if (auto added = watches_.add(*made); !added) {
      end_watch(*made);
      return added.error();
    }
    watch = made.get();
  } else if (!(mask & kInMaskAdd)) {
    watch->events = 0;
    watch->once = watch->only_linked = false;
  }
  watch->events |= mask & kInAllEvents;
  watch->once |= (mask & kInOnce) != 0;
  watch->only_linked |= (mask & kInExcludeUnlinked) != 0;
  return watch->descriptor;
}

Result<void> Inotify::stop(int descriptor) {
  Watch* watch = watches_.find(descriptor);
  if (!watch) return Errno::kInval;
  drop(*watch);
  return {};
}

void Inotify::drop(Watch& watch) {
  const Ref<Watch> kept(&watch);
  end_watch(watch);
  watches_.remove(watch);
  add_event(watch.descriptor, kInIgnored, 0, {});
}

void Inotify::add_event(int descriptor, std::uint32_t events, std::uint32_t cookie, std::string_view name) {
  if (queued_ < kMaxQueuedEvents) {
    // What is as the last one is not told twice (inotify(7)); the cookie is not looked at.
    if (const Record* last = queue_.back(); last && last->events == events && last->descriptor == descriptor &&
                                            last->name.view() == name && !(events & kInIgnored)) {
      return;
    }
    if (auto record = make_record(name)) {
      record.value()->descriptor = descriptor;
      record.value()->events = events;
      record.value()->cookie = cookie;
      return append(record.value());
    }
  }
  // Too many, or no memory for it.
  if (!overflow_->node.linked()) append(overflow_);
}

Result<Ref<Inotify::Record>> Inotify::make_record(std::string_view name) {
  static const std::uint64_t most = mm::memory_statistics().total_frames * mm::kPageSize / kShareOfMemory;
  if (g_unread_bytes > most) return Errno::kNoMem;
  String text = TRY(String::from(name));
  auto record = TRY(make_ref<Record>());
  record->name = std::move(text);
  g_unread_bytes += record->charge();
  return record;
}

std::size_t Inotify::Record::charge() const {
  return sizeof *this + name.size() + 1;
}

Inotify::Record::~Record() {
  g_unread_bytes -= charge();
}

void Inotify::append(const Ref<Record>& record) {
  record->retain();
  queue_.push_back(*record);
  ++queued_;
  changed_.wake(kPollReadable);
}

Ref<Inotify::Record> Inotify::take_first() {
  Ref<Record> record(queue_.pop_front());
  record->release();  // the queue's
  --queued_;
  return record;
}

std::size_t Inotify::size_of(const Record& record) {
  return sizeof(UserEvent) + padded(record.name.size());
}

Result<std::size_t> Inotify::bytes_to_read() {
  std::size_t total = 0;
  for (const Record& record : queue_) total += size_of(record);
  return total;
}

Result<void> Inotify::store(const Record& record, mm::IoBuffer& buffer) {
  const std::size_t name_size = padded(record.name.size());
  const UserEvent event{record.descriptor, record.events, record.cookie, static_cast<std::uint32_t>(name_size)};
  TRY(buffer.store_value(event));
  if (name_size == 0) return {};
  std::byte name[padded(kNameMax)] = {};
  memcpy(name, record.name.c_str(), record.name.size());
  return buffer.store_exactly({name, name_size});
}

// As many whole events as there are and fit.
Result<std::size_t> Inotify::do_read(std::uint64_t, mm::IoBuffer& buffer) {
  if (queue_.empty()) {
    if (non_blocking()) return Errno::kAgain;
    TRY(changed_.wait_for(kPollReadable, [this] { return !queue_.empty(); }));
  }
  std::size_t stored = 0;
  while (!queue_.empty()) {
    const std::size_t size = size_of(*queue_.front());
    if (size > buffer.remaining()) return moved_or(stored, Errno::kInval);
    // Whoever cannot be given an event loses it, as on Linux; but not for a page that is only late.
    if (auto room = buffer.check_room(size); !room && buffer.pending()) return moved_or(stored, room.error());
    TRY(store(*take_first(), buffer));
    stored += size;
  }
  return stored;
}

void Inotify::describe(ProcText& text) {
  watches_.for_each([&](const Watch& watch) {
    auto metadata = watch.inode->metadata();
    if (!metadata) return;
    text.print("inotify wd:{x} ino:{x} sdev:{x} mask:{x} ignored_mask:0 \n", watch.descriptor, metadata.value().inode,
               metadata.value().device, watch.events);
  });
}

Result<Ref<File>> make_inotify(std::uint32_t flags) {
  const Ref<task::User> user = TRY(task::User::of(task::current().credentials.euid));
  if (user->watchers >= kMaxUserInstances) return Errno::kMFile;
  auto file = TRY(make_ref<Inotify>(TRY(anonymous_place("inotify")), flags, Inotify::InstanceCharge(user)));
  file->overflow_ = TRY(Inotify::make_record({}));
  file->overflow_->descriptor = -1;
  file->overflow_->events = kInQueueOverflow;
  return Ref<File>(std::move(file));
}

}  // namespace kernel::fs
