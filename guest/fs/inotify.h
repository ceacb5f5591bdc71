// inotify(7): an instance, which has watches (fs/notify.h) and a queue of what they heard.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/anonymous_file.h"
#include "fs/notify.h"
#include "lib/list.h"
#include "lib/string.h"
#include "lib/vector.h"
#include "task/user.h"

namespace kernel::fs {

// The watches of one instance, by their descriptors. It owns a reference to each.
class WatchTable {
 public:
  WatchTable() = default;
  WatchTable(const WatchTable&) = delete;
  WatchTable& operator=(const WatchTable&) = delete;
  ~WatchTable();  // ends them all

  // Null if there is none.
  Watch* find(int descriptor) const;
  Result<void> add(Watch& watch);
  void remove(Watch& watch);
  // A descriptor that is not used, after the one that was given last (Linux's idr_alloc_cyclic()).
  int next_descriptor();
  template <typename Visit>
  void for_each(Visit visit) const {
    for (Watch* watch : buckets_) {
      for (; watch; watch = watch->next_in_bucket) visit(*watch);
    }
  }

 private:
  Watch** bucket(int descriptor) { return &buckets_[static_cast<std::size_t>(descriptor) & (buckets_.size() - 1)]; }
  Result<void> grow();
  void put(Watch& watch);

  Vector<Watch*> buckets_;  // a power of two
  std::size_t count_ = 0;
  int last_ = 0;
};

// /proc/sys/fs/inotify.
inline constexpr std::uint32_t kMaxQueuedEvents = 16384;  // of one instance; then IN_Q_OVERFLOW
inline constexpr std::uint32_t kMaxUserInstances = 128;
std::uint32_t max_user_watches();

// inotify_add_watch(2)'s flags beside the events.
enum WatchFlag : std::uint32_t {
  kInOnlyDirectory = 0x0100'0000,
  kInDontFollow = 0x0200'0000,
  kInExcludeUnlinked = 0x0400'0000,
  kInMaskCreate = 0x1000'0000,
  kInMaskAdd = 0x2000'0000,
  kInOnce = 0x8000'0000,
};

class Inotify final : public AnonymousFile {
 public:
  static constexpr FileKind kKind = FileKind::kInotify;
  using InstanceCharge = task::Charge<&task::User::watchers>;

  Inotify(Path place, std::uint32_t flags, InstanceCharge charge)
      : AnonymousFile(std::move(place), kReadOnly | flags, kKind), charge_(std::move(charge)) {}
  ~Inotify() override;

  // The watch descriptor, a new one unless the inode is watched already. kExist, kNoSpc, kNoMem.
  Result<int> watch(Ref<Inode> inode, std::uint32_t mask);
  // kInval if there is no such watch.
  Result<void> stop(int descriptor);

  // For fs/notify.cc. A watch that is dropped says so (IN_IGNORED).
  void add_event(int descriptor, std::uint32_t events, std::uint32_t cookie, std::string_view name);
  void drop(Watch& watch);

  Readiness readiness() override { return {queue_.empty() ? 0 : kPollReadable, &changed_}; }
  Result<std::size_t> bytes_to_read() override;
  bool takes_buffers_singly(Direction) const override { return true; }
  void describe(ProcText& text) override;

 private:
  struct Record final : RefCounted {
    Record() = default;
    ~Record() override;
    std::size_t charge() const;
    ListNode node;
    int descriptor = 0;
    std::uint32_t events = 0;
    std::uint32_t cookie = 0;
    String name;
  };

  Result<std::size_t> do_read(std::uint64_t, mm::IoBuffer& buffer) override;
  Result<void> store(const Record& record, mm::IoBuffer& buffer);
  static std::size_t size_of(const Record& record);
  static Result<Ref<Record>> make_record(std::string_view name);
  void append(const Ref<Record>& record);
  Ref<Record> take_first();

  InstanceCharge charge_;
  WatchTable watches_;
  List<Record, &Record::node> queue_;  // which owns a reference to each
  std::uint32_t queued_ = 0;
  Ref<Record> overflow_;  // IN_Q_OVERFLOW; in the queue at most once
  task::WaitQueue changed_;

  friend Result<Ref<File>> make_inotify(std::uint32_t flags);
};

// `flags`: O_NONBLOCK. kMFile beyond kMaxUserInstances of the user's.
Result<Ref<File>> make_inotify(std::uint32_t flags);

}  // namespace kernel::fs
