#include "fs/dentry_cache.h"

#include <algorithm>
#include <utility>

#include "fs/file_system.h"
#include "fs/inode.h"
#include "lib/global.h"
#include "mm/frame.h"

namespace kernel::fs {
namespace {

// What entries at rest may take of all memory, counted as kBytesOfEntry each: an entry, its name, and an inode that nobody
// else holds.
constexpr std::uint64_t kShareOfMemory = 64;
constexpr std::uint64_t kBytesOfEntry = 640;
// While less than this share of all memory is free, nothing comes to rest.
constexpr std::uint64_t kShareKeptFree = 16;

std::size_t most_resting() {
  return mm::memory_statistics().total_frames * mm::kPageSize / kShareOfMemory / kBytesOfEntry;
}

bool is_memory_short() {
  const mm::MemoryStatistics memory = mm::memory_statistics();
  return memory.free_frames < memory.total_frames / kShareKeptFree;
}

constinit Global<DentryCache> g_cache;

}  // namespace

DentryCache& dentry_cache() {
  return *g_cache;
}

Dentry* DentryCache::find(const Dentry& parent, std::string_view name) {
  if (parent.children_.empty()) return nullptr;
  Dentry* entry = bucket(parent, name);
  while (entry && (entry->parent_.get() != &parent || entry->name() != name)) entry = entry->next_in_bucket_;
  return entry;
}

void DentryCache::add(Dentry& entry) {
  if (++count_ > 2 * size()) grow();
  put(entry);
  entry.in_table_ = true;
  entry.parent_->children_.push_back(entry);
}

void DentryCache::take_out(Dentry& entry) {
  if (!entry.in_table_) return;
  Dentry** link = &bucket(*entry.parent_, entry.name());
  while (*link != &entry) link = &(*link)->next_in_bucket_;
  *link = std::exchange(entry.next_in_bucket_, nullptr);
  entry.in_table_ = false;
  entry.sibling_node_.unlink();
  --count_;
}

bool DentryCache::may_rest(const Dentry& entry) const {
  return entry.in_table_ && !entry.parent_->removed_ && !is_memory_short();
}

bool DentryCache::rest(Dentry& entry) {
  if (!may_rest(entry)) return false;
  resting_.push_back(entry);
  ++resting_count_;
  ++entry.parent_->inode_->file_system().resting_names;
  if (entry.inode_) entry.inode_->rest();
  keep_to_limit();
  return true;
}

// Takes it off the list.
void DentryCache::wake(Dentry& entry) {
  entry.rest_node_.unlink();
  --resting_count_;
  --entry.parent_->inode_->file_system().resting_names;
}

Ref<Dentry> DentryCache::use(Dentry& entry) {
  if (entry.rest_node_.linked()) wake(entry);
  return Ref<Dentry>(&entry);
}

// Its directory's entry may come to rest by that.
void DentryCache::destroy(Dentry& entry) {
  wake(entry);
  delete &entry;
}

// A loop, not a recursion: what comes to rest while entries are destroyed is left to whoever destroys them.
void DentryCache::keep_to_limit() {
  if (std::exchange(dropping_, true)) return;
  const std::size_t most = most_resting();
  while (resting_count_ > most) destroy(*resting_.front());
  dropping_ = false;
}

void DentryCache::drop_children(Dentry& directory) {
  const bool dropped_before = std::exchange(dropping_, true);
  for (Dentry& child : directory.children_) {
    if (child.rest_node_.linked()) destroy(child);
  }
  dropping_ = dropped_before;
}

void DentryCache::drop_all_of(const FileSystem& file_system) {
  const bool dropped_before = std::exchange(dropping_, true);
  const auto is_of = [&](const Dentry& entry) { return &entry.parent_->inode_->file_system() == &file_system; };
  for (Dentry& entry : resting_) {
    if (file_system.resting_names == 0) break;
    if (!is_of(entry)) continue;
    const std::size_t others = resting_count_ - 1;
    destroy(entry);
    // Its directory may have come to rest by that, behind the end: a deep path goes at once, and not a step each time that
    // all the others have been looked through.
    while (resting_count_ > others) destroy(*resting_.back());
  }
  dropping_ = dropped_before;
}

bool DentryCache::drop_all() {
  if (resting_count_ == 0 || std::exchange(dropping_, true)) return false;
  while (Dentry* entry = resting_.front()) destroy(*entry);
  dropping_ = false;
  return true;
}

// FNV-1a over the name, begun with the directory's address.
std::size_t DentryCache::hash(const Dentry& parent, std::string_view name) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t value = (0xcbf29ce484222325 ^ reinterpret_cast<std::uint64_t>(&parent) >> 4) * kPrime;
  for (char c : name) value = (value ^ static_cast<unsigned char>(c)) * kPrime;
  return value ^ value >> 32;
}

Dentry*& DentryCache::bucket(const Dentry& parent, std::string_view name) {
  const std::size_t index = hash(parent, name) & (size() - 1);
  return many_.empty() ? few_[index] : many_[index];
}

void DentryCache::put(Dentry& entry) {
  Dentry*& first = bucket(*entry.parent_, entry.name());
  entry.next_in_bucket_ = first;
  first = &entry;
}

void DentryCache::grow() {
  Vector<Dentry*> bigger;
  if (!bigger.resize(size() * 4)) return;
  Dentry* all = nullptr;
  for (std::size_t i = 0; i < size(); ++i) {
    Dentry* entry = many_.empty() ? few_[i] : many_[i];
    while (entry) {
      Dentry* next = std::exchange(entry->next_in_bucket_, all);
      all = std::exchange(entry, next);
    }
  }
  many_ = std::move(bigger);
  while (all) put(*std::exchange(all, all->next_in_bucket_));
}

void FileSystem::last_reference_dropped() {
  dentry_cache().drop_all_of(*this);
  delete this;
}

}  // namespace kernel::fs
