#include "fs/dentry.h"

#include <utility>

#include "fs/dentry_cache.h"
#include "fs/file_system.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "lib/global.h"
#include "lib/time.h"
#include "task/mutex.h"
#include "task/wait_queue.h"

namespace kernel::fs {

namespace {

// For those who wait for the answer to somebody else's question. They are few, and look again.
constinit Global<task::WaitQueue> g_answered;

}  // namespace

Result<Ref<Dentry>> Dentry::make_root(Ref<Inode> inode, std::string_view name) {
  auto root = TRY(make_ref<Dentry>());
  root->name_ = TRY(String::from(name));
  root->set_inode(std::move(inode));
  return root;
}

// Not null: the entry in memory.
Ref<Dentry> Dentry::known(const Ref<Dentry>& parent, std::string_view name) {
  Dentry* entry = dentry_cache().find(*parent, name);
  while (entry && entry->looking_up_) {
    const auto answered = [&] {
      entry = dentry_cache().find(*parent, name);
      return !entry || !entry->looking_up_;
    };
    (void)g_answered->wait_until(answered, Deadline::never(), task::Interruptible::kNo);
  }
  return entry ? dentry_cache().use(*entry) : nullptr;
}

Result<Ref<Dentry>> Dentry::look_up(const Ref<Dentry>& parent, std::string_view name) {
  for (;;) {
    if (auto entry = known(parent, name)) return entry;
    const task::Mutex::SharedLock lock(parent->inode()->mutex);
    if (lock.had_at_once()) return ask(parent, name);
  }
}

Result<Ref<Dentry>> Dentry::look_up_held(const Ref<Dentry>& parent, std::string_view name) {
  if (auto entry = known(parent, name)) return entry;
  return ask(parent, name);
}

// Nobody else asks at the same time: the entry is in the table before the file system is.
Result<Ref<Dentry>> Dentry::ask(const Ref<Dentry>& parent, std::string_view name) {
  auto entry = TRY(make_ref<Dentry>());
  entry->name_ = TRY(String::from(name));
  entry->parent_ = parent;
  // Where names come and go there is nothing to create either: procfs has no negative entries.
  const bool stable = parent->inode()->file_system().names_are_stable();
  if (stable) dentry_cache().add(*entry);
  entry->looking_up_ = stable;
  auto found = parent->inode()->lookup(entry->name());
  entry->looking_up_ = false;
  g_answered->wake_all();
  if (!found && (found.error() != Errno::kNoEnt || !stable)) {
    dentry_cache().take_out(*entry);
    return found.error();
  }
  if (!found) return entry;
  if (stable && found.value()->directory_entry) {
    dentry_cache().take_out(*entry);
    return Errno::kIo;
  }
  entry->set_inode(found.take());
  return entry;
}

// A file system that is mounted twice has two roots, and the names of procfs come and go, with inodes of their own: the
// first one counts.
void Dentry::set_inode(Ref<Inode> inode) {
  inode_ = std::move(inode);
  if (inode_->is_directory() && !inode_->directory_entry) inode_->directory_entry = this;
}

void Dentry::last_reference_dropped() {
  if (!dentry_cache().rest(*this)) delete this;
}

Dentry::~Dentry() {
  dentry_cache().take_out(*this);
  if (inode_ && inode_->directory_entry == this) inode_->directory_entry = nullptr;
  if (removed_ && inode_) notify_name_dropped(*inode_);
  // Dropping the last entry of a deep path drops its parents one after the other: a loop, since paths have no depth
  // limit. (One that comes to rest ends it.)
  Ref<Dentry> parent = std::move(parent_);
  while (parent && parent->references() == 1 && !dentry_cache().may_rest(*parent)) {
    dentry_cache().take_out(*parent);  // which its parent belongs to
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
  set_inode(std::move(inode));
}

void Dentry::remove() {
  dentry_cache().take_out(*this);
  removed_ = true;
  dentry_cache().drop_children(*this);  // negative ones: they would keep the directory
}

void Dentry::move(Dentry& target, String target_name) {
  target.remove();
  dentry_cache().take_out(*this);
  parent_ = target.parent_;
  name_ = std::exchange(target.name_, std::move(target_name));
  dentry_cache().add(*this);
}

void Dentry::exchange(Dentry& other) {
  dentry_cache().take_out(*this);
  dentry_cache().take_out(other);
  std::swap(parent_, other.parent_);
  std::swap(name_, other.name_);
  dentry_cache().add(*this);
  dentry_cache().add(other);
}

}  // namespace kernel::fs
