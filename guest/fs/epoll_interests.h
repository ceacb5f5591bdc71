// The interests of an epoll instance, found by file and descriptor: an open hash table in buckets, as many as there have
// been items. The same file can be there under several descriptors (dup(2)), and a descriptor with several files: one
// that was closed here while another process has it open, and what the number refers to now.
#pragma once

#include <cstddef>

#include "lib/result.h"
#include "lib/vector.h"

namespace kernel::fs {

class EpollItem;
class File;

class EpollInterests {
 public:
  EpollInterests() = default;
  EpollInterests(const EpollInterests&) = delete;
  EpollInterests& operator=(const EpollInterests&) = delete;

  EpollItem* find(const File& file, int fd) const;
  // kNoMem. The set holds a reference to each item that is in it.
  Result<void> add(EpollItem& item);
  void remove(EpollItem& item);

  // `action` returns false to stop; it adds and removes nothing.
  template <typename Action>
  bool for_each(Action action) const;
  // Calls `action` with each item, which it removes.
  template <typename Action>
  void drain(Action action);

 private:
  static constexpr std::size_t kFirstBuckets = 8;

  std::size_t bucket_of(const File& file, int fd) const;
  EpollItem** link_of(const File& file, int fd);
  Result<void> make_room();

  Vector<EpollItem*> buckets_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace kernel::fs

#include "fs/epoll_item.h"

namespace kernel::fs {

template <typename Action>
bool EpollInterests::for_each(Action action) const {
  for (EpollItem* item : buckets_) {
    for (; item; item = item->next) {
      if (!action(*item)) return false;
    }
  }
  return true;
}

template <typename Action>
void EpollInterests::drain(Action action) {
  for (EpollItem*& bucket : buckets_) {
    while (bucket) action(*bucket);
  }
}

}  // namespace kernel::fs
