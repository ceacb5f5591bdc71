// shmat(2) and shmdt(2): mappings of System V shared memory.
#include <utility>

#include "fs/file.h"
#include "ipc/shared_memory.h"
#include "lib/format.h"

namespace kernel::ipc {
namespace {

using mm::AddressSpace;
using mm::Mapping;
using mm::UserRange;

// What /proc/PID/maps names: a file of Linux's internal tmpfs, whose inode number is the segment's id.
class SegmentInode final : public fs::Inode {
 public:
  SegmentInode(int id, std::uint64_t size) : Inode(nullptr, fs::FileType::kRegular), id_(id), size_(size) {}
  Result<fs::Metadata> metadata() override {
    fs::Metadata metadata;
    metadata.mode = fs::mode_of(fs::FileType::kRegular, 0777);
    metadata.inode = static_cast<std::uint64_t>(id_);
    metadata.device = kDevice;
    metadata.size = size_;
    return metadata;
  }

 private:
  static constexpr std::uint64_t kDevice = fs::make_device(0, 1);
  int id_;
  std::uint64_t size_;
};

// One for each shmat(2), as on Linux: shmdt(2) tells by it what belongs together.
class SegmentFile final : public fs::StoredFile {
 public:
  SegmentFile(fs::Path path, std::uint32_t flags) : StoredFile(std::move(path), flags) {}
};

Result<Ref<fs::File>> open_segment(const Segment& segment, std::uint32_t flags) {
  Ref<fs::Inode> inode = TRY(make_ref<SegmentInode>(segment.id(), segment.size()));
  FixedText<32> name;
  name.put("/SYSV");
  name.put_number(static_cast<std::uint32_t>(segment.key()), 16, 8);
  fs::Path path{nullptr, TRY(fs::Dentry::make_root(std::move(inode), name.view()))};
  path.dentry->remove();  // shows as "(deleted)"
  return Ref<fs::File>(TRY(make_ref<SegmentFile>(std::move(path), flags)));
}

// kInval for what shmat(2) may not be asked for.
Result<std::uint64_t> place_of(std::uint64_t address, int flags) {
  if (address == 0) {
    if (flags & kAttachReplace) return Errno::kInval;
    return address;
  }
  if (mm::page_offset(address) != 0) {
    if (!(flags & kAttachRound)) return Errno::kInval;
    address = mm::page_floor(address);
    if (address == 0 && (flags & kAttachReplace)) return Errno::kInval;
  }
  return address;
}

bool is_free(const AddressSpace& space, std::uint64_t address, std::uint64_t size) {
  std::uint64_t end;
  if (__builtin_add_overflow(address, size, &end)) return false;
  const Mapping* mapping = space.find_from(address);
  return !mapping || mapping->start() >= end;
}

// Whether the mapping lies where it would if the segment began at `address`.
bool belongs_to(const Mapping& mapping, std::uint64_t address) {
  return mapping.is_counted() && mapping.start() - address == mapping.object_page << mm::kPageShift;
}

}  // namespace

Result<std::uint64_t> attach(AddressSpace& space, int id, std::uint64_t asked_address, int flags) {
  const bool read_only = flags & kAttachReadOnly;
  const std::uint64_t address = TRY(place_of(asked_address, flags));
  const Ref<Segment> segment = TRY(segments().find(id));
  TRY(segment->check(kAskRead | (read_only ? 0 : kAskWrite) | (flags & kAttachExecute ? kAskExecute : 0)));
  const Segment::Use use(segment);
  AddressSpace::MapRequest request;
  request.address = address;
  // An address that rounds to nothing still is one.
  request.fixed = asked_address != 0;
  request.length = TRY(mm::mappable_length(segment->size()));
  request.mapping.protection = {.read = true, .write = !read_only, .execute = (flags & kAttachExecute) != 0};
  request.mapping.shared = true;
  request.mapping.may_write = !read_only;
  request.mapping.object = segment->memory();
  request.mapping.file = TRY(open_segment(*segment, read_only ? fs::kReadOnly : fs::kReadWrite));
  if (request.fixed && !(flags & kAttachReplace) && !is_free(space, address, segment->size())) return Errno::kInval;
  return space.map(std::move(request));
}

// Linux's shmdt(): what is left of a segment that was mapped at `address` and then cut may lie anywhere in its range, and
// its first part is what says how long that is.
Result<void> detach(AddressSpace& space, std::uint64_t address) {
  if (mm::page_offset(address) != 0) return Errno::kInval;
  const Mapping* mapping = space.find_from(address);
  while (mapping && !belongs_to(*mapping, address)) mapping = space.find_from(mapping->end());
  if (!mapping) return Errno::kInval;
  const Ref<mm::MappedFile> file = mapping->file;
  const std::uint64_t size = mm::page_ceil(mapping->object->size());
  while (mapping) {
    const std::uint64_t end = mapping->end();
    if (belongs_to(*mapping, address) && mapping->file == file) TRY(space.unmap(mapping->range()));
    mapping = space.find_from(end);
    if (mapping && mapping->end() - address > size) break;
  }
  return {};
}

}  // namespace kernel::ipc
