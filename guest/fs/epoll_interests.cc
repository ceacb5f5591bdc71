#include "fs/epoll_interests.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

namespace kernel::fs {

// Multiplication by 2^64 / golden ratio spreads over the upper bits whatever differs in the lower ones (Knuth, The Art of
// Computer Programming, vol. 3, 6.4).
std::size_t EpollInterests::bucket_of(const File& file, int fd) const {
  constexpr std::uint64_t kGolden = 0x9e37'79b9'7f4a'7c15;
  const std::uint64_t mixed = (reinterpret_cast<std::uint64_t>(&file) + static_cast<unsigned>(fd)) * kGolden;
  return static_cast<std::size_t>(mixed >> 32) & (buckets_.size() - 1);
}

EpollItem** EpollInterests::link_of(const File& file, int fd) {
  EpollItem** link = &buckets_[bucket_of(file, fd)];
  while (*link && (&(*link)->file() != &file || (*link)->fd() != fd)) link = &(*link)->next;
  return link;
}

EpollItem* EpollInterests::find(const File& file, int fd) const {
  if (buckets_.empty()) return nullptr;
  EpollItem* item = buckets_[bucket_of(file, fd)];
  while (item && (&item->file() != &file || item->fd() != fd)) item = item->next;
  return item;
}

Result<void> EpollInterests::add(EpollItem& item) {
  TRY(make_room());
  item.retain();
  item.next = std::exchange(buckets_[bucket_of(item.file(), item.fd())], &item);
  ++size_;
  return {};
}

void EpollInterests::remove(EpollItem& item) {
  *link_of(item.file(), item.fd()) = item.next;
  --size_;
  item.release();
}

Result<void> EpollInterests::make_room() {
  if (size_ < buckets_.size()) return {};
  Vector<EpollItem*> old;
  TRY(old.resize(std::max(kFirstBuckets, 2 * buckets_.size())));
  std::swap(old, buckets_);
  for (EpollItem* item : old) {
    while (item) {
      EpollItem* const following = item->next;
      item->next = std::exchange(buckets_[bucket_of(item->file(), item->fd())], item);
      item = following;
    }
  }
  return {};
}

}  // namespace kernel::fs
