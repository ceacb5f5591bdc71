#include "fs/ram/ram_inode.h"

#include <new>
#include <utility>

#include "fs/extended_attributes.h"
#include "fs/ram/ram_directory.h"
#include "fs/ram/ram_file.h"

namespace kernel::fs {

namespace {

template <typename T, typename... Args>
Result<Ref<RamInode>> make(Args&&... args) {
  return Ref<RamInode>(TRY(make_ref<T>(args...)));
}

}  // namespace

Result<Ref<RamInode>> RamInode::create(RamFs& fs, const NewInode& attributes) {
  TRY(fs.check_inodes());
  switch (static_cast<FileType>(attributes.mode >> 12)) {
    case FileType::kDirectory:
      return make<RamDirectory>(fs, attributes);
    case FileType::kRegular:
      return make<RamFile>(fs, attributes);
    case FileType::kSymlink: {
      auto link = TRY(make_ref<RamSymlink>(fs, attributes));
      TRY(link->set_target(attributes.target));
      return Ref<RamInode>(link);
    }
    case FileType::kFifo:
    case FileType::kCharDevice:
    case FileType::kBlockDevice:
    case FileType::kSocket:
      return make<RamSpecial>(fs, attributes);
    case FileType::kNone:
      break;
  }
  return Errno::kInval;
}

Result<Ref<RamInode>> RamInode::from_lower(RamFs& fs, const erofs::InodeInfo& lower) {
  switch (lower.type()) {
    case FileType::kDirectory:
      return make<RamDirectory>(fs, lower);
    case FileType::kRegular:
      return make<RamFile>(fs, lower);
    case FileType::kSymlink:
      return make<RamSymlink>(fs, lower);
    default:
      return make<RamSpecial>(fs, lower);
  }
}

RamInode::RamInode(RamFs& fs, const NewInode& attributes)
    : Inode(&fs, static_cast<FileType>(attributes.mode >> 12)),
      permissions_(attributes.mode & kModePermissions),
      uid_(attributes.uid),
      gid_(attributes.gid),
      links_(0),
      number_(fs.take_inode_number()),
      special_device_(attributes.special_device) {
  accessed_ = modified_ = changed_ = to_timespec(realtime_ns());
  fs.count_inode();
}

RamInode::RamInode(RamFs& fs, const erofs::InodeInfo& lower)
    : Inode(&fs, lower.type()),
      permissions_(lower.mode & kModePermissions),
      uid_(lower.uid),
      gid_(lower.gid),
      links_(lower.links),
      number_(lower.nid),
      unread_attributes_(lower.attributes_size != 0),
      from_image_(true) {
  // EROFS keeps one time stamp, and shows it as all three.
  accessed_ = modified_ = changed_ = {static_cast<std::int64_t>(lower.modified), lower.modified_nanoseconds};
  fs.count_inode();
}

RamInode::~RamInode() {
  delete attributes_;
  fs().drop_inode();
  if (remembered_) fs().forget(*this);
}

RamFs& RamInode::fs() const {
  return static_cast<RamFs&>(file_system());
}

Result<Metadata> RamInode::metadata() {
  Metadata metadata;
  metadata.mode = mode_of(type(), permissions_);
  metadata.uid = uid_;
  metadata.gid = gid_;
  metadata.links = links_;
  metadata.inode = number_;
  metadata.device = file_system().device();
  metadata.special_device = special_device_;
  metadata.size = size();
  metadata.blocks = blocks();
  metadata.accessed = accessed_;
  metadata.modified = modified_;
  metadata.changed = changed_;
  return metadata;
}

Result<void> RamInode::change_metadata(const MetadataChange& change) {
  if (change.set_permissions) permissions_ = change.permissions & kModePermissions;
  if (change.set_uid) uid_ = change.uid;
  if (change.set_gid) gid_ = change.gid;
  if (change.set_accessed) accessed_ = change.accessed;
  if (change.set_modified) modified_ = change.modified;
  touch_changed();
  return {};
}

// What the image cannot have: a name twice, or more than programs could put there.
class RamInode::AttributeReader final : public erofs::AttributeVisitor {
 public:
  explicit AttributeReader(ExtendedAttributes& attributes) : attributes_(attributes) {}
  Result<void> attribute(std::string_view name, std::span<const std::byte> value) override {
    auto added = attributes_.set(name, value, kAttributeCreate);
    if (!added) return added.error() == Errno::kNoMem ? Errno::kNoMem : Errno::kIo;
    return {};
  }

 private:
  ExtendedAttributes& attributes_;
};

Result<void> RamInode::read_attributes() {
  if (!unread_attributes_) return {};
  const erofs::InodeInfo lower = TRY(fs().image().inode(number_));
  ExtendedAttributes read;
  AttributeReader reader(read);
  TRY(fs().image().visit_attributes(lower, reader));
  attributes_ = new (std::nothrow) ExtendedAttributes(std::move(read));
  if (!attributes_) return Errno::kNoMem;
  unread_attributes_ = false;
  return {};
}

Result<const ExtendedAttributes*> RamInode::extended_attributes() {
  TRY(read_attributes());
  return static_cast<const ExtendedAttributes*>(attributes_);
}

Result<void> RamInode::set_extended_attribute(std::string_view name, std::span<const std::byte> value,
                                              std::uint32_t flags) {
  TRY(read_attributes());
  TRY(RamFs::check_space(mm::page_ceil(value.size()) >> mm::kPageShift));
  if (!attributes_) attributes_ = new (std::nothrow) ExtendedAttributes;
  if (!attributes_) return Errno::kNoMem;
  TRY(attributes_->set(name, value, flags));
  touch_changed();
  return {};
}

Result<void> RamInode::remove_extended_attribute(std::string_view name) {
  TRY(read_attributes());
  if (!attributes_) return Errno::kNoData;
  TRY(attributes_->remove(name));
  touch_changed();
  return {};
}

// Each further name of a file counts as one inode more, as in Linux's tmpfs (shmem_link()).
void RamInode::add_link() {
  if (counts_names() && links_ > 0) fs().count_inode();
  ++links_;
  touch_changed();
}

void RamInode::drop_link() {
  if (counts_names() && links_ > 1) fs().drop_inode();
  if (links_ > 0) --links_;
  touch_changed();
  if (links_ > 0 || !kept_) return;
  // Nothing names it any more: it lives as long as it is open.
  fs().forget(*this);
  kept_ = false;
  release();
}

void RamInode::mark_changed() {
  if (!from_image_ || kept_ || !remembered_) return;
  kept_ = true;
  retain();
}

void RamInode::touch_changed() {
  mark_changed();
  changed_ = to_timespec(realtime_ns());
}

void RamInode::touch_modified() {
  mark_changed();
  modified_ = changed_ = to_timespec(realtime_ns());
}

Result<void> RamSymlink::set_target(std::string_view target) {
  target_ = TRY(String::from(target));
  return {};
}

Result<String> RamSymlink::read_link() {
  if (is_lower()) return fs().image().read_link(lower_);
  return target_.clone();
}

}  // namespace kernel::fs
