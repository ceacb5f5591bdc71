#include "fs/memory_file.h"

#include "fs/ram/ram_file.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

constinit RamFs* g_memory_files = nullptr;  // made with the first file, lives as long as the VM

Result<RamFs*> file_system() {
  if (!g_memory_files) {
    Ref<RamFs> made = TRY(RamFs::create("tmpfs", 0700));
    g_memory_files = made.leak();
  }
  return g_memory_files;
}

RamFile* sealable(File& file) {
  Inode& inode = file.inode();
  const bool ours = !inode.nameless() && inode.is_regular() && &inode.file_system() == g_memory_files;
  return ours ? static_cast<RamFile*>(&inode) : nullptr;
}

}  // namespace

Result<Ref<File>> make_memory_file(std::string_view name, bool allow_sealing) {
  RamFs* fs = TRY(file_system());
  NewInode attributes;
  attributes.mode = mode_of(FileType::kRegular, 0777);
  attributes.uid = task::current().credentials.fsuid;
  attributes.gid = task::current().credentials.fsgid;
  auto inode = TRY(make_ref<RamFile>(*fs, attributes));
  if (!allow_sealing) inode->add_seals(kSealSeal);
  String label = TRY(String::from("/memfd:"));
  TRY(label.append(name));
  Path path{nullptr, TRY(Dentry::make_root(Ref<Inode>(inode), label))};
  path.dentry->remove();  // shows as "(deleted)", as on Linux
  return inode->open(path, kReadWrite | kLargeFile);
}

Result<std::uint64_t> seals(File& file) {
  RamFile* inode = sealable(file);
  if (!inode) return Errno::kInval;
  return inode->seals();
}

Result<void> add_seals(File& file, std::uint32_t seals) {
  RamFile* inode = sealable(file);
  if (!file.writable()) return Errno::kPerm;
  if (!inode) return Errno::kInval;
  if (seals & ~(kSealSeal | kSealShrink | kSealGrow | kSealWrite | kSealFutureWrite)) return Errno::kInval;
  if (inode->seals() & kSealSeal) return Errno::kPerm;
  if ((seals & kSealWrite) && !(inode->seals() & kSealWrite)) {
    if (TRY(inode->memory_object())->writable_mappings() != 0) return Errno::kBusy;
  }
  inode->add_seals(seals);
  return {};
}

bool is_sealed_against_writing(File& file) {
  const RamFile* inode = sealable(file);
  return inode && (inode->seals() & (kSealWrite | kSealFutureWrite));
}

}  // namespace kernel::fs
