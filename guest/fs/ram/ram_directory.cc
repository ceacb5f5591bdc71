#include "fs/ram/ram_directory.h"

#include <utility>

namespace kernel::fs {

namespace {

// Positions of readdir: the image's entries first (2 + their byte offset in the directory), then those in RAM.
constexpr std::uint64_t kLowerBase = 2;
constexpr std::uint64_t kRamBase = std::uint64_t{1} << 48;

RamInode& as_ram(Inode& inode) {
  return static_cast<RamInode&>(inode);
}

}  // namespace

RamDirectory::~RamDirectory() {
  if (!entries_) return;
  while (RamEntry* entry = entries_->take_last()) fs().bury(*entry);
  delete entries_;
}

std::uint64_t RamDirectory::size() const {
  // 20 bytes for each entry, as tmpfs shows it, for those that only RAM has.
  return lower_.size + (entries_ ? entries_->count() * 20 : 0);
}

Result<void> RamDirectory::populate() {
  if (!populate_) return {};
  const RamFs::Populate populate_now = std::exchange(populate_, nullptr);
  return populate_now(*this);
}

Result<RamEntries*> RamDirectory::entries() {
  if (!entries_) {
    entries_ = new (std::nothrow) RamEntries;
    if (!entries_) return Errno::kNoMem;
    mark_changed();
  }
  return entries_;
}

Result<bool> RamDirectory::lower_has(std::string_view name) const {
  if (!has_lower_) return false;
  auto found = fs().image().look_up(lower_, name);
  if (found) return true;
  if (found.error() == Errno::kNoEnt) return false;
  return found.error();
}

Result<Ref<Inode>> RamDirectory::lookup(std::string_view name) {
  // What is there already is found without filling the directory.
  if (!find_entry(name)) TRY(populate());
  if (RamEntry* entry = find_entry(name)) {
    if (!entry->inode) return Errno::kNoEnt;
    return Ref<Inode>(entry->inode);
  }
  if (!has_lower_) return Errno::kNoEnt;
  const std::uint64_t nid = TRY(fs().image().look_up(lower_, name));
  return Ref<Inode>(TRY(fs().lower_inode(nid)));
}

Result<void> RamDirectory::set_entry(std::string_view name, Ref<RamInode> inode) {
  RamEntries* all = TRY(entries());
  if (RamEntry* entry = all->find(name)) {
    entry->inode = std::move(inode);
    return {};
  }
  TRY(all->add(name, std::move(inode)));
  return {};
}

Result<void> RamDirectory::prepare_clear(std::string_view name) {
  RamEntries* all = TRY(entries());
  if (all->find(name)) return {};
  const std::uint64_t nid = TRY(fs().image().look_up(lower_, name));
  Ref<RamInode> inode = TRY(fs().lower_inode(nid));
  TRY(all->add(name, std::move(inode)));
  return {};
}

void RamDirectory::clear_entry(std::string_view name) {
  RamEntry* entry = find_entry(name);
  if (!entry) return;
  entry->inode = nullptr;
  // Where the image cannot be read the entry stays as a removed name, which is right in any case.
  auto below = lower_has(name);
  if (!below || below.value()) return;
  entries_->take_out(*entry);
  delete entry;
}

Result<Ref<Inode>> RamDirectory::create_unnamed(const NewInode& attributes) {
  return Ref<Inode>(TRY(RamInode::create(fs(), attributes)));
}

Result<Ref<Inode>> RamDirectory::create(std::string_view name, const NewInode& attributes) {
  TRY(populate());
  if (removed()) return Errno::kNoEnt;
  auto inode = TRY(RamInode::create(fs(), attributes));
  TRY(set_entry(name, inode));
  inode->add_link();
  if (inode->is_directory()) add_link();  // the new directory's ".."
  touch_modified();
  return Ref<Inode>(inode);
}

Result<void> RamDirectory::link(std::string_view name, Inode& target) {
  if (removed()) return Errno::kNoEnt;
  if (as_ram(target).links() > 0) TRY(fs().check_inodes());
  TRY(set_entry(name, Ref<RamInode>(&as_ram(target))));
  as_ram(target).add_link();
  touch_modified();
  return {};
}

Result<void> RamDirectory::unlink(std::string_view name, Inode& child) {
  TRY(prepare_clear(name));
  const Ref<RamInode> keep(&as_ram(child));
  clear_entry(name);
  keep->drop_link();
  touch_modified();
  return {};
}

// Stops at the first name that is not removed.
class RamDirectory::EmptinessVisitor final : public DirectoryVisitor {
 public:
  explicit EmptinessVisitor(RamDirectory& directory) : directory_(directory) {}
  bool entry(std::string_view name, std::uint64_t, FileType, std::uint64_t) override {
    return directory_.find_entry(name) != nullptr;
  }

 private:
  RamDirectory& directory_;
};

Result<void> RamDirectory::check_empty() {
  if (entries_) {
    for (RamEntry* entry = entries_->first(); entry; entry = entries_->after(*entry)) {
      if (entry->inode) return Errno::kNotEmpty;
    }
  }
  if (!has_lower_) return {};
  EmptinessVisitor visitor(*this);
  if (!TRY(fs().image().iterate(lower_, 0, 0, visitor))) return Errno::kNotEmpty;
  return {};
}

Result<void> RamDirectory::rmdir(std::string_view name, Inode& child) {
  const Ref<RamDirectory> directory(static_cast<RamDirectory*>(&child));
  TRY(directory->check_empty());
  TRY(prepare_clear(name));
  clear_entry(name);
  directory->drop_link();  // its name
  directory->drop_link();  // its "."
  drop_link();             // its ".."
  touch_modified();
  return {};
}

Result<void> RamDirectory::rename(std::string_view name, Inode& child, Inode& new_directory, std::string_view new_name,
                                  Inode* replaced, bool exchange) {
  auto& target = static_cast<RamDirectory&>(new_directory);
  if (target.removed()) return Errno::kNoEnt;
  const Ref<RamInode> moved(&as_ram(child));
  const Ref<RamInode> other(replaced ? &as_ram(*replaced) : nullptr);
  if (other && other->is_directory() && !exchange) TRY(static_cast<RamDirectory&>(*other).check_empty());

  TRY(prepare_clear(name));
  TRY(target.set_entry(new_name, moved));
  // Nothing fails from here on.
  if (exchange) {
    find_entry(name)->inode = other;
  } else {
    clear_entry(name);
    if (other) {
      other->drop_link();
      if (other->is_directory()) {
        other->drop_link();
        target.drop_link();
      }
    }
  }
  if (&target != this) {
    if (moved->is_directory()) drop_link(), target.add_link();
    if (exchange && other->is_directory()) target.drop_link(), add_link();
  }
  moved->touch_changed();
  touch_modified();
  target.touch_modified();
  return {};
}

// Passes on the image's entries that no entry in RAM hides.
class RamDirectory::LowerVisitor final : public DirectoryVisitor {
 public:
  LowerVisitor(RamDirectory& directory, DirectoryVisitor& visitor) : directory_(directory), visitor_(visitor) {}
  bool entry(std::string_view name, std::uint64_t inode, FileType type, std::uint64_t next) override {
    if (directory_.find_entry(name)) return true;
    return visitor_.entry(name, inode, type, next);
  }

 private:
  RamDirectory& directory_;
  DirectoryVisitor& visitor_;
};

Result<void> RamDirectory::iterate(std::uint64_t position, DirectoryVisitor& visitor) {
  TRY(populate());
  if (position < kLowerBase) position = kLowerBase;
  if (position < kRamBase) {
    if (has_lower_) {
      LowerVisitor lower(*this, visitor);
      if (!TRY(fs().image().iterate(lower_, position - kLowerBase, kLowerBase, lower))) return {};
    }
    position = kRamBase;
  }
  if (!entries_) return {};
  for (RamEntry* entry = entries_->from(position - kRamBase); entry; entry = entries_->after(*entry)) {
    if (!entry->inode) continue;
    const RamInode& inode = *entry->inode;
    if (!visitor.entry(entry->name, inode.number(), inode.type(), kRamBase + entry->position + 1)) return {};
  }
  return {};
}

}  // namespace kernel::fs
