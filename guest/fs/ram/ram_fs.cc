#include "fs/ram/ram_fs.h"

#include <algorithm>
#include <utility>

#include "fs/dentry_cache.h"
#include "fs/proc/proc_text.h"
#include "fs/ram/ram_directory.h"
#include "fs/ram/ram_inode.h"
#include "mm/frame.h"

namespace kernel::fs {

namespace {

constexpr std::int64_t kTmpfsMagic = 0x01021994;
constexpr std::int64_t kOverlayMagic = 0x794c7630;
constexpr std::uint32_t kForAll = 0777 | kModeSticky;
constexpr std::size_t kFirstBuckets = 32;
constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

// What file data leaves free for everything else.
std::uint64_t reserved_frames(const mm::MemoryStatistics& memory) {
  return memory.total_frames / 32 + 16;
}

}  // namespace

Result<Ref<RamFs>> RamFs::create(std::string_view type_name, std::uint32_t root_permissions, Populate populate) {
  auto fs = TRY(make_ref<RamFs>(type_name));
  NewInode attributes;
  attributes.mode = mode_of(FileType::kDirectory, root_permissions);
  auto root = TRY(make_ref<RamDirectory>(*fs, attributes));
  root->populate_later(populate);
  root->make_root();
  fs->root_ = std::move(root);
  fs->options_.permissions = root_permissions;
  return fs;
}

Result<Ref<RamFs>> RamFs::create_tmpfs(const TmpfsOptions& options) {
  auto fs = TRY(create("tmpfs", options.permissions.value_or(kForAll)));
  fs->root_->uid_ = options.uid;
  fs->root_->gid_ = options.gid;
  fs->options_.uid = options.uid;
  fs->options_.gid = options.gid;
  fs->allowance_ = TRY(make_ref<mm::FrameAllowance>(kNoLimit));
  TRY(fs->limit(options));
  return fs;
}

Result<void> RamFs::limit(const TmpfsOptions& options) {
  if (options.pages) {
    if (!allowance_) return Errno::kInval;  // /dev, which is not mounted by anybody
    const std::uint64_t pages = *options.pages != 0 ? *options.pages : kNoLimit;
    if (allowance_->used() > pages) return Errno::kInval;
  }
  if (options.inodes && *options.inodes != 0 && inodes_ > *options.inodes) return Errno::kInval;
  // Nothing fails from here on.
  if (options.pages) allowance_->set_limit(*options.pages != 0 ? *options.pages : kNoLimit);
  if (options.inodes) most_inodes_ = *options.inodes;
  if (options.pages) options_.pages = options.pages;
  if (options.inodes) options_.inodes = options.inodes;
  return {};
}

// In Linux's order and words (mm/shmem.c, shmem_show_options()): what is as it is without an option is not shown.
void RamFs::describe_options(ProcText& text) const {
  if (type_name_ != "tmpfs") return;
  if (options_.pages) text.print(",size={}k", *options_.pages << (mm::kPageShift - 10));
  if (options_.inodes) text.print(",nr_inodes={}", *options_.inodes);
  if (options_.permissions.value_or(kForAll) != kForAll) {
    text.put(",mode=");
    text.put_number(*options_.permissions, 8, 3, '0');
  }
  if (options_.uid != 0) text.print(",uid={}", options_.uid);
  if (options_.gid != 0) text.print(",gid={}", options_.gid);
}

Result<Ref<RamFs>> RamFs::create_over(const erofs::Image& image) {
  auto fs = TRY(make_ref<RamFs>("overlay"));
  fs->image_ = image;
  // Numbers of the image are below this one.
  fs->next_inode_ = image.size() / erofs::kSlotSize + 1;
  TRY(fs->buckets_.resize(kFirstBuckets));
  fs->root_ = TRY(fs->lower_inode(image.root_nid()));
  return fs;
}

RamFs::RamFs(std::string_view type_name) : type_name_(type_name) {}

RamFs::~RamFs() {
  // What was changed is kept by the table; dropping it may free directories, and with them further inodes.
  root_ = nullptr;
  for (RamInode*& bucket : buckets_) {
    while (bucket) {
      RamInode* inode = bucket;
      bucket = std::exchange(inode->next_in_bucket_, nullptr);
      inode->remembered_ = false;
      if (std::exchange(inode->kept_, false)) inode->release();
    }
  }
}

Result<Ref<Inode>> RamFs::root() {
  return Ref<Inode>(root_);
}

FileSystemStatistics RamFs::statistics() {
  const mm::MemoryStatistics memory = mm::memory_statistics();
  const std::uint64_t reserved = reserved_frames(memory);
  FileSystemStatistics result;
  result.type = image_.size() ? kOverlayMagic : kTmpfsMagic;
  result.blocks = memory.total_frames + image_.size() / mm::kPageSize;
  result.blocks_free = memory.free_frames > reserved ? memory.free_frames - reserved : 0;
  result.blocks_available = result.blocks_free;
  result.files_free = result.blocks_free;
  result.files = image_.inodes() + result.files_free;
  if (allowance_ && allowance_->limit() < result.blocks) {
    result.blocks = allowance_->limit();
    result.blocks_free = result.blocks_available = std::min(result.blocks_free, allowance_->left());
  }
  if (most_inodes_ != 0) {
    result.files = most_inodes_;
    result.files_free = most_inodes_ > inodes_ ? most_inodes_ - inodes_ : 0;
  }
  result.id[0] = static_cast<std::int32_t>(device());
  return result;
}

Result<void> RamFs::check_space(std::uint64_t frames) {
  const auto is_there = [frames] {
    const mm::MemoryStatistics memory = mm::memory_statistics();
    const std::uint64_t reserved = reserved_frames(memory);
    return memory.free_frames >= reserved && memory.free_frames - reserved >= frames;
  };
  if (is_there()) return {};
  dentry_cache().drop_all();
  return is_there() ? Result<void>() : Errno::kNoSpc;
}

Result<Ref<RamInode>> RamFs::lower_inode(std::uint64_t nid) {
  for (RamInode* inode = buckets_[bucket_of(nid)]; inode; inode = inode->next_in_bucket_) {
    if (inode->number_ == nid) return Ref<RamInode>(inode);
  }
  const erofs::InodeInfo lower = TRY(image_.inode(nid));
  auto inode = TRY(RamInode::from_lower(*this, lower));
  TRY(remember(*inode));
  return inode;
}

Result<void> RamFs::remember(RamInode& inode) {
  if (remembered_ >= buckets_.size() * 2) TRY(grow_buckets());
  RamInode*& bucket = buckets_[bucket_of(inode.number_)];
  inode.next_in_bucket_ = bucket;
  inode.remembered_ = true;
  bucket = &inode;
  ++remembered_;
  return {};
}

void RamFs::forget(RamInode& inode) {
  RamInode** link = &buckets_[bucket_of(inode.number_)];
  while (*link != &inode) link = &(*link)->next_in_bucket_;
  *link = std::exchange(inode.next_in_bucket_, nullptr);
  inode.remembered_ = false;
  --remembered_;
}

Result<void> RamFs::grow_buckets() {
  Vector<RamInode*> old;
  TRY(old.resize(buckets_.size() * 4));
  std::swap(old, buckets_);
  for (RamInode* inode : old) {
    while (inode) {
      RamInode* next = inode->next_in_bucket_;
      RamInode*& bucket = buckets_[bucket_of(inode->number_)];
      inode->next_in_bucket_ = bucket;
      bucket = inode;
      inode = next;
    }
  }
  return {};
}

void RamFs::bury(RamEntry& entry) {
  entry.next = graveyard_;
  graveyard_ = &entry;
  if (burying_) return;
  burying_ = true;
  while (graveyard_) {
    RamEntry* dead = graveyard_;
    graveyard_ = dead->next;
    delete dead;  // may bury more
  }
  burying_ = false;
}

}  // namespace kernel::fs
