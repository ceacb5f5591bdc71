#include "fs/dentry.h"

#include <utility>

#include "fs/file_system.h"
#include "fs/inode.h"

namespace kernel::fs {

Result<Ref<Dentry>> Dentry::make_root(Ref<Inode> inode, std::string_view name) {
  auto root = TRY(make_ref<Dentry>());
  root->name_ = TRY(String::from(name));
  root->inode_ = std::move(inode);
  return root;
}

Result<Ref<Dentry>> Dentry::look_up(const Ref<Dentry>& parent, std::string_view name) {
  if (Dentry* in_use = parent->child(name)) return Ref<Dentry>(in_use);
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
  // Dropping the last entry of a deep path drops its parents one after the other: a loop, since paths have no depth
  // limit.
  Ref<Dentry> parent = std::move(parent_);
  while (parent && parent->references() == 1) parent = Ref<Dentry>(std::move(parent->parent_));
}

Dentry* Dentry::child(std::string_view name) {
  for (Dentry& entry : children_) {
    if (entry.name() == name) return &entry;
  }
  return nullptr;
}

bool Dentry::is_below(const Dentry& ancestor) const {
  for (const Dentry* entry = this; entry; entry = entry->parent_.get()) {
    if (entry == &ancestor) return true;
  }
  return false;
}

void Dentry::fill_in(Ref<Inode> inode) {
  inode_ = std::move(inode);
  if (parent_ && parent_->inode()->file_system().names_are_stable()) parent_->adopt(*this);
}

void Dentry::remove() {
  removed_ = true;
  sibling_.unlink();
}

void Dentry::move(Dentry& target) {
  target.remove();
  sibling_.unlink();
  parent_ = target.parent_;
  // A name is never changed in place but swapped: the target keeps a valid one, which no longer means anything.
  std::swap(name_, target.name_);
  parent_->adopt(*this);
}

void Dentry::exchange(Dentry& other) {
  sibling_.unlink();
  other.sibling_.unlink();
  std::swap(parent_, other.parent_);
  std::swap(name_, other.name_);
  parent_->adopt(*this);
  other.parent_->adopt(other);
}

}  // namespace kernel::fs
