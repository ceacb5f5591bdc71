// File systems whose inodes live in RAM: tmpfs(5), /dev, and the root, which lays changes in RAM over a read-only EROFS
// image.
//
// The root is not a stack of two file systems but one tree. Its inodes are made from the image when they are looked up,
// and are forgotten when nobody uses them; one that was changed is kept, under the number (nid) that it has in the
// image. So an inode has one identity for ever: copying up changes neither st_ino nor its hard links, and only its data
// or a single directory entry moves to RAM. All changes vanish with the VM.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/erofs/image.h"
#include "fs/file_system.h"
#include "fs/ram/tmpfs_options.h"
#include "lib/ref.h"
#include "lib/vector.h"
#include "mm/frame_allowance.h"

namespace kernel::fs {

class RamInode;
class RamDirectory;
struct RamEntry;

class RamFs final : public FileSystem {
 public:
  // Fills the root directory when it is first used.
  using Populate = Result<void> (*)(RamDirectory& root);

  static Result<Ref<RamFs>> create(std::string_view type_name, std::uint32_t root_permissions,
                                   Populate populate = nullptr);
  static Result<Ref<RamFs>> create_tmpfs(const TmpfsOptions& options);
  static Result<Ref<RamFs>> create_over(const erofs::Image& image);

  explicit RamFs(std::string_view type_name);
  ~RamFs() override;

  std::string_view type_name() const override { return type_name_; }
  Result<Ref<Inode>> root() override;
  FileSystemStatistics statistics() override;
  void describe_options(ProcText& text) const override;

  // The inode `nid` of the image.
  Result<Ref<RamInode>> lower_inode(std::uint64_t nid);
  const erofs::Image& image() const { return image_; }
  std::uint64_t take_inode_number() { return next_inode_++; }

  // RAM that is left for file data, so that a full file system is ENOSPC and not the end of a process: kNoSpc.
  static Result<void> check_space(std::uint64_t frames);

  // The sizes of `options` that are given, also of a file system that is in use (MS_REMOUNT). kInval if it has more.
  Result<void> limit(const TmpfsOptions& options);
  // What the data of its files counts against; null but for what create_tmpfs() made.
  const Ref<mm::FrameAllowance>& allowance() const { return allowance_; }
  // The same for a number of frames at once. kNoSpc.
  Result<void> check_room(std::uint64_t frames) const {
    if (allowance_ && allowance_->left() < frames) return Errno::kNoSpc;
    return check_space(frames);
  }
  // kNoSpc if it has as many inodes as it may have.
  Result<void> check_inodes() const {
    return most_inodes_ != 0 && inodes_ >= most_inodes_ ? Errno::kNoSpc : Result<void>();
  }

 private:
  friend class RamInode;
  friend class RamDirectory;

  void count_inode() { ++inodes_; }
  void drop_inode() { --inodes_; }
  Result<void> remember(RamInode& inode);
  void forget(RamInode& inode);
  std::size_t bucket_of(std::uint64_t nid) const { return nid & (buckets_.size() - 1); }
  Result<void> grow_buckets();
  // Destroys the entries of a directory that goes away, and what they alone refer to, without recursion.
  void bury(RamEntry& entry);

  std::string_view type_name_;
  erofs::Image image_;
  Ref<RamInode> root_;
  Vector<RamInode*> buckets_;  // the inodes of the image in memory, by nid; a power of two
  std::size_t remembered_ = 0;
  std::uint64_t next_inode_ = 1;
  TmpfsOptions options_;  // as it was mounted; a remount changes the sizes alone
  Ref<mm::FrameAllowance> allowance_;
  std::uint64_t inodes_ = 0;       // those in memory
  std::uint64_t most_inodes_ = 0;  // 0: any number
  RamEntry* graveyard_ = nullptr;
  bool burying_ = false;
};

}  // namespace kernel::fs
