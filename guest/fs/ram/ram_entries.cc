#include <algorithm>

#include "fs/ram/ram_directory.h"

namespace kernel::fs {

namespace {

constexpr std::size_t kFewEntries = 8;

}  // namespace

// FNV-1a.
std::size_t RamEntries::hash(std::string_view name) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (char c : name) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value ^ (value >> 32);
}

RamEntry* RamEntries::find(std::string_view name) {
  if (buckets_.empty()) {
    for (const Place& at : order_) {
      if (at.entry && at.entry->name.view() == name) return at.entry;
    }
    return nullptr;
  }
  RamEntry* entry = buckets_[hash(name) & (buckets_.size() - 1)];
  while (entry && entry->name.view() != name) entry = entry->next;
  return entry;
}

Result<RamEntry*> RamEntries::add(std::string_view name, Ref<RamInode> inode) {
  if (count_ >= kFewEntries && count_ >= buckets_.size() * 2) TRY(rehash(buckets_.empty() ? 16 : buckets_.size() * 4));
  String copy = TRY(String::from(name));
  RamEntry* entry = new (std::nothrow) RamEntry;
  if (!entry) return Errno::kNoMem;
  if (auto placed = order_.push_back(Place{next_position_, entry}); !placed) {
    delete entry;
    return placed.error();
  }
  entry->name = static_cast<String&&>(copy);
  entry->inode = static_cast<Ref<RamInode>&&>(inode);
  entry->position = next_position_++;
  ++count_;
  if (!buckets_.empty()) {
    RamEntry*& bucket = buckets_[hash(name) & (buckets_.size() - 1)];
    entry->next = bucket;
    bucket = entry;
  }
  return entry;
}

void RamEntries::take_out(RamEntry& entry) {
  if (!buckets_.empty()) {
    RamEntry** link = &buckets_[hash(entry.name) & (buckets_.size() - 1)];
    while (*link != &entry) link = &(*link)->next;
    *link = entry.next;
  }
  entry.next = nullptr;
  place(entry.position)->entry = nullptr;
  --count_;
  if (order_.size() > 2 * count_ + kFewEntries) drop_empty_places();
}

RamEntry* RamEntries::take_last() {
  while (!order_.empty()) {
    RamEntry* entry = order_.back().entry;
    order_.pop_back();
    if (entry) return entry;
  }
  return nullptr;
}

RamEntries::Place* RamEntries::place(std::uint64_t position) {
  return std::partition_point(order_.begin(), order_.end(), [&](const Place& at) { return at.position < position; });
}

RamEntry* RamEntries::from(std::uint64_t position) {
  Place* at = place(position);
  while (at != order_.end() && !at->entry) ++at;
  return at == order_.end() ? nullptr : at->entry;
}

void RamEntries::drop_empty_places() {
  std::size_t kept = 0;
  for (const Place& at : order_) {
    if (at.entry) order_[kept++] = at;
  }
  order_.shrink(kept);
}

Result<void> RamEntries::rehash(std::size_t buckets) {
  Vector<RamEntry*> fresh;
  TRY(fresh.resize(buckets));
  for (const Place& at : order_) {
    if (!at.entry) continue;
    RamEntry*& bucket = fresh[hash(at.entry->name) & (buckets - 1)];
    at.entry->next = bucket;
    bucket = at.entry;
  }
  buckets_ = static_cast<Vector<RamEntry*>&&>(fresh);
  return {};
}

}  // namespace kernel::fs
