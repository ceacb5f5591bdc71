#include "fs/dentry.h"

#include <utility>

#include "fs/file_system.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "lib/global.h"
#include "lib/vector.h"

namespace kernel::fs {

// The names in use that have an inode, by directory and name. A walk asks it at each step, so it is a hash table; where
// there is no memory for a bigger one, its chains get longer.
class NamesInUse {
 public:
  Dentry* find(const Dentry& parent, std::string_view name) {
    if (parent.children_ == 0) return nullptr;
    Dentry* entry = bucket(parent, name);
    while (entry && (entry->parent_.get() != &parent || entry->name() != name)) entry = entry->next_in_bucket_;
    return entry;
  }
  void add(Dentry& entry) {
    if (++count_ > 2 * size()) grow();
    put(entry);
    entry.in_use_ = true;
    ++entry.parent_->children_;
  }
  void take_out(Dentry& entry) {
    if (!entry.in_use_) return;
    Dentry** link = &bucket(*entry.parent_, entry.name());
    while (*link != &entry) link = &(*link)->next_in_bucket_;
    *link = std::exchange(entry.next_in_bucket_, nullptr);
    entry.in_use_ = false;
    --entry.parent_->children_;
    --count_;
  }

 private:
  static constexpr std::size_t kFirstBuckets = 64;

  // FNV-1a over the name, begun with the directory's address.
  static std::size_t hash(const Dentry& parent, std::string_view name) {
    constexpr std::uint64_t kPrime = 0x100000001b3;
    std::uint64_t value = (0xcbf29ce484222325 ^ reinterpret_cast<std::uint64_t>(&parent) >> 4) * kPrime;
    for (char c : name) value = (value ^ static_cast<unsigned char>(c)) * kPrime;
    return value ^ value >> 32;
  }
  std::size_t size() const { return many_.empty() ? kFirstBuckets : many_.size(); }
  Dentry*& bucket(const Dentry& parent, std::string_view name) {
    const std::size_t index = hash(parent, name) & (size() - 1);
    return many_.empty() ? few_[index] : many_[index];
  }
  void put(Dentry& entry) {
    Dentry*& first = bucket(*entry.parent_, entry.name());
    entry.next_in_bucket_ = first;
    first = &entry;
  }
  void grow() {
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

  Dentry* few_[kFirstBuckets] = {};
  Vector<Dentry*> many_;
  std::size_t count_ = 0;
};

namespace {

constinit Global<NamesInUse> g_names;

}  // namespace

Result<Ref<Dentry>> Dentry::make_root(Ref<Inode> inode, std::string_view name) {
  auto root = TRY(make_ref<Dentry>());
  root->name_ = TRY(String::from(name));
  root->inode_ = std::move(inode);
  return root;
}

Result<Ref<Dentry>> Dentry::look_up(const Ref<Dentry>& parent, std::string_view name) {
  if (Dentry* in_use = g_names->find(*parent, name)) return Ref<Dentry>(in_use);
  auto found = parent->inode()->lookup(name);
  // Where names come and go there is nothing to create either: procfs has no negative entries.
  const bool may_be_negative = parent->inode()->file_system().names_are_stable();
  if (!found && (found.error() != Errno::kNoEnt || !may_be_negative)) return found.error();
  auto entry = TRY(make_ref<Dentry>());
  entry->name_ = TRY(String::from(name));
  entry->parent_ = parent;
  if (found) entry->fill_in(found.take());
  return entry;
}

Dentry::~Dentry() {
  g_names->take_out(*this);
  if (removed_ && inode_) notify_name_dropped(*inode_);
  // Dropping the last entry of a deep path drops its parents one after the other: a loop, since paths have no depth
  // limit.
  Ref<Dentry> parent = std::move(parent_);
  while (parent && parent->references() == 1) {
    g_names->take_out(*parent);  // which its parent belongs to
    parent = Ref<Dentry>(std::move(parent->parent_));
  }
}

bool Dentry::is_below(const Dentry& ancestor) const {
  for (const Dentry* entry = this; entry; entry = entry->parent_.get()) {
    if (entry == &ancestor) return true;
  }
  return false;
}

void Dentry::fill_in(Ref<Inode> inode) {
  inode_ = std::move(inode);
  if (parent_ && parent_->inode()->file_system().names_are_stable()) g_names->add(*this);
}

void Dentry::remove() {
  g_names->take_out(*this);
  removed_ = true;
}

void Dentry::move(Dentry& target, String target_name) {
  target.remove();
  g_names->take_out(*this);
  parent_ = target.parent_;
  name_ = std::exchange(target.name_, std::move(target_name));
  g_names->add(*this);
}

void Dentry::exchange(Dentry& other) {
  g_names->take_out(*this);
  g_names->take_out(other);
  std::swap(parent_, other.parent_);
  std::swap(name_, other.name_);
  g_names->add(*this);
  g_names->add(other);
}

}  // namespace kernel::fs
