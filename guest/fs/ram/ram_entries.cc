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
    for (RamEntry& entry : order_) {
      if (entry.name.view() == name) return &entry;
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
  entry->name = static_cast<String&&>(copy);
  entry->inode = static_cast<Ref<RamInode>&&>(inode);
  entry->position = next_position_++;
  order_.push_back(*entry);
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
  entry.order.unlink();
  --count_;
}

RamEntry* RamEntries::from(std::uint64_t position) {
  for (RamEntry& entry : order_) {
    if (entry.position >= position) return &entry;
  }
  return nullptr;
}

Result<void> RamEntries::rehash(std::size_t buckets) {
  Vector<RamEntry*> fresh;
  TRY(fresh.resize(buckets));
  for (RamEntry& entry : order_) {
    RamEntry*& bucket = fresh[hash(entry.name) & (buckets - 1)];
    entry.next = bucket;
    bucket = &entry;
  }
  buckets_ = static_cast<Vector<RamEntry*>&&>(fresh);
  return {};
}

}  // namespace kernel::fs
