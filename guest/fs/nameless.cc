#include "fs/nameless.h"

#include "fs/abi.h"
#include "fs/device_file.h"
#include "lib/format.h"
#include "lib/time.h"

namespace kernel::fs {

namespace {

constexpr std::uint64_t kNamelessDevice = make_device(0, 0x3ff);
constexpr NamelessKind kAnonymousObject{"anon_inode", 0x09041934};

constinit std::uint64_t g_next_inode = 1;

class NamelessInode final : public Inode {
 public:
  NamelessInode(const NamelessKind& kind, const NewInode& attributes, std::uint64_t number, CharDevice* device)
      : Inode(nullptr, static_cast<FileType>(attributes.mode >> 12)), magic_(kind.magic), device_(device) {
    metadata_.mode = attributes.mode;
    metadata_.uid = attributes.uid;
    metadata_.gid = attributes.gid;
    metadata_.inode = number;
    metadata_.device = kNamelessDevice;
    metadata_.accessed = metadata_.modified = metadata_.changed = to_timespec(realtime_ns());
  }

  std::uint64_t nameless_magic() const override { return magic_; }
  Result<Ref<File>> open(const Path& path, std::uint32_t flags) override {
    return device_ ? open_device(*device_, path, flags) : Inode::open(path, flags);
  }
  Result<Metadata> metadata() override { return metadata_; }
  Result<void> change_metadata(const MetadataChange& change) override {
    if (change.set_permissions) metadata_.mode = mode_of(type(), change.permissions);
    if (change.set_uid) metadata_.uid = change.uid;
    if (change.set_gid) metadata_.gid = change.gid;
    if (change.set_accessed) metadata_.accessed = change.accessed;
    if (change.set_modified) metadata_.modified = change.modified;
    metadata_.changed = to_timespec(realtime_ns());
    return {};
  }

 private:
  std::uint64_t magic_;
  Metadata metadata_;
  CharDevice* device_;
};

// Made with the first such object, kept for ever.
constinit Inode* g_anonymous_inode = nullptr;

Result<Inode*> anonymous_inode() {
  if (!g_anonymous_inode) {
    NewInode attributes;
    attributes.mode = mode_of(FileType::kNone, 0600);
    g_anonymous_inode = TRY(make_ref<NamelessInode>(kAnonymousObject, attributes, g_next_inode++, nullptr)).leak();
  }
  return g_anonymous_inode;
}

}  // namespace

Result<Path> make_nameless(const NamelessKind& kind, const NewInode& attributes, CharDevice* device) {
  const std::uint64_t number = g_next_inode++;
  auto inode = TRY(make_ref<NamelessInode>(kind, attributes, number, device));
  FixedText<48> name;
  name.print("{}:[{}]", kind.label, number);
  return Path{nullptr, TRY(Dentry::make_root(Ref<Inode>(inode), name.view()))};
}

Result<Path> anonymous_place(std::string_view name) {
  Inode* inode = TRY(anonymous_inode());
  FixedText<48> text;
  text.print("{}:{}", kAnonymousObject.label, name);
  return Path{nullptr, TRY(Dentry::make_root(Ref<Inode>(inode), text.view()))};
}

}  // namespace kernel::fs
