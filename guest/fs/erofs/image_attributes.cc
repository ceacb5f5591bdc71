// Extended attributes of an image's inodes.
#include <array>

#include "fs/erofs/image.h"
#include "lib/string.h"

namespace kernel::fs::erofs {

namespace {

// What XattrEntry::name_index stands for (erofs_fs.h, EROFS_XATTR_INDEX_*). Empty: nothing that Linux shows either.
constexpr std::array<std::string_view, 7> kPrefixes = {
    "", "user.", "system.posix_acl_access", "system.posix_acl_default", "trusted.", "", "security."};

constexpr std::uint64_t kLongestName = 255;  // XATTR_NAME_MAX, as the kernel's calls have it

}  // namespace

Result<void> Image::visit_attributes(const InodeInfo& inode, AttributeVisitor& visitor) const {
  if (inode.attributes_size == 0) return {};
  TRY(bytes_at(inode.attributes(), inode.attributes_size));
  const std::uint64_t end = inode.attributes() + inode.attributes_size;
  const auto header = TRY(load<XattrHeader>(inode.attributes()));
  const std::uint64_t shared = inode.attributes() + sizeof header;
  const std::uint64_t own = shared + header.shared_count * sizeof(std::uint32_t);
  if (own > end) return Errno::kIo;
  for (std::uint64_t offset = own; offset < end;) offset = TRY(visit_attribute(offset, end, visitor));
  for (std::uint64_t at = shared; at < own; at += sizeof(std::uint32_t)) {
    const auto number = TRY(load<std::uint32_t>(at));
    TRY(visit_attribute(shared_attributes_ + number * kXattrUnit, bytes_.size(), visitor));
  }
  return {};
}

Result<std::uint64_t> Image::visit_attribute(std::uint64_t offset, std::uint64_t end, AttributeVisitor& visitor) const {
  if (offset > end || end - offset < sizeof(XattrEntry)) return Errno::kIo;
  const auto entry = TRY(load<XattrEntry>(offset));
  const std::uint64_t name_at = offset + sizeof entry;
  if (std::uint64_t{entry.name_length} + entry.value_size > end - name_at) return Errno::kIo;
  const std::uint64_t value_at = name_at + entry.name_length;
  const std::uint64_t next = (value_at + entry.value_size + kXattrUnit - 1) & ~(kXattrUnit - 1);
  // Linux passes over what it does not know.
  const std::string_view prefix = entry.name_index < kPrefixes.size() ? kPrefixes[entry.name_index] : "";
  if (prefix.empty()) return next;

  const auto rest = TRY(bytes_at(name_at, entry.name_length));
  const std::string_view rest_text(reinterpret_cast<const char*>(rest.data()), rest.size());
  // A list of access rights has its whole name by its index, anything else has a name below its prefix.
  if (prefix.ends_with('.') == rest_text.empty()) return Errno::kIo;
  if (prefix.size() + rest_text.size() > kLongestName || rest_text.find('\0') != std::string_view::npos) {
    return Errno::kIo;
  }
  std::array<char, kLongestName> name;
  memcpy(name.data(), prefix.data(), prefix.size());
  memcpy(name.data() + prefix.size(), rest_text.data(), rest_text.size());
  TRY(visitor.attribute({name.data(), prefix.size() + rest_text.size()}, TRY(bytes_at(value_at, entry.value_size))));
  return next;
}

}  // namespace kernel::fs::erofs
