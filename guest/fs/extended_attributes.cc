#include "fs/extended_attributes.h"

#include <algorithm>

#include "fs/access.h"
#include "fs/inode.h"
#include "fs/notify.h"
#include "fs/vfs.h"
#include "task/mutex.h"

namespace kernel::fs {

namespace {

constexpr std::string_view kUser = "user.", kTrusted = "trusted.", kSecurity = "security.", kSystem = "system.";
constexpr std::string_view kAccessList = "system.posix_acl_access", kDefaultList = "system.posix_acl_default";

enum class Intent : std::uint8_t { kRead, kWrite };

// xattr_permission() of Linux, and what its capabilities module says.
Result<void> check_right(Inode& inode, std::string_view name, Intent intent) {
  const Subject subject = Subject::current();
  const bool write = intent == Intent::kWrite;
  if (name.starts_with(kSecurity)) {
    if (!write) return {};
    const auto needed = name == kFileCapabilities ? task::Capability::kSetfcap : task::Capability::kSysAdmin;
    return subject.can(needed) ? Result<void>() : Errno::kPerm;
  }
  if (name.starts_with(kSystem)) return {};
  const Errno refusal = write ? Errno::kPerm : Errno::kNoData;
  if (name.starts_with(kTrusted)) return subject.can(task::Capability::kSysAdmin) ? Result<void>() : refusal;
  if (name.starts_with(kUser)) {
    // Of links and devices anybody may be able to write, so the attributes would be nobody's (xattr(7)).
    if (!inode.is_regular() && !inode.is_directory()) return refusal;
    constexpr std::uint32_t kSticky = 01000;
    if (write && inode.is_directory() && (TRY(inode.metadata()).mode & kSticky)) TRY(check_owner(inode));
  }
  return check_access(inode, write ? kMayWrite : kMayRead);
}

// Which names a file system that has attributes has. kOpNotSupp; kInval for a prefix alone. Access control lists, which
// Linux keeps under "system.", can be read where an image has them, and not be made: nothing here would follow them.
Result<void> check_name(std::string_view name) {
  for (const std::string_view prefix : {kUser, kTrusted, kSecurity}) {
    if (name.starts_with(prefix)) return name.size() > prefix.size() ? Result<void>() : Errno::kInval;
  }
  return Errno::kOpNotSupp;
}

// cap_convert_nscap() of Linux: a struct vfs_cap_data of version 2, or of version 3 with its user id.
Result<void> check_value(std::string_view name, std::span<const std::byte> value) {
  if (name != kFileCapabilities) return {};
  std::uint32_t header = 0;
  if (value.size() >= sizeof header) memcpy(&header, value.data(), sizeof header);
  constexpr std::uint32_t kVersionMask = 0xff00'0000, kVersion2 = 0x0200'0000, kVersion3 = 0x0300'0000;
  const std::uint32_t version = header & kVersionMask;
  if ((version == kVersion2 && value.size() == 20) || (version == kVersion3 && value.size() == 24)) return {};
  return Errno::kInval;
}

}  // namespace

ExtendedAttributes::Attribute* ExtendedAttributes::find(std::string_view name) {
  Attribute* found =
      std::find_if(attributes_.begin(), attributes_.end(), [&](const Attribute& a) { return a.name.view() == name; });
  return found == attributes_.end() ? nullptr : found;
}

Result<void> ExtendedAttributes::set(std::string_view name, std::span<const std::byte> value, std::uint32_t flags) {
  Attribute* old = find(name);
  if (old && (flags & kAttributeCreate)) return Errno::kExist;
  if (!old && (flags & kAttributeReplace)) return Errno::kNoData;
  const std::size_t values = values_ - (old ? old->value.size() : 0) + value.size();
  if (values > kMostAttributeBytes) return Errno::kNoSpc;
  Vector<std::byte> copy;
  TRY(copy.append(value));
  if (!old) {
    if (names_ + name.size() + 1 > kLongestAttributeList) return Errno::kNoSpc;
    Attribute added;
    added.name = TRY(String::from(name));
    TRY(attributes_.push_back(std::move(added)));
    names_ += name.size() + 1;
    old = &attributes_.back();
  }
  old->value = std::move(copy);
  values_ = values;
  return {};
}

Result<std::span<const std::byte>> ExtendedAttributes::get(std::string_view name) const {
  for (const Attribute& attribute : attributes_) {
    if (attribute.name.view() == name) return attribute.value.span();
  }
  return Errno::kNoData;
}

Result<void> ExtendedAttributes::remove(std::string_view name) {
  Attribute* found = find(name);
  if (!found) return Errno::kNoData;
  names_ -= name.size() + 1;
  values_ -= found->value.size();
  if (found != &attributes_.back()) *found = std::move(attributes_.back());
  attributes_.pop_back();
  return {};
}

void drop_file_capabilities(Inode& inode) {
  auto attributes = inode.extended_attributes();
  if (attributes && attributes.value()) static_cast<void>(inode.remove_extended_attribute(kFileCapabilities).ok());
}

Result<void> set_extended_attribute(const Path& path, std::string_view name, std::span<const std::byte> value,
                                    std::uint32_t flags) {
  Inode& inode = *path.dentry->inode();
  TRY(check_writable_mount(path));
  TRY(check_value(name, value));
  const task::Mutex::Lock lock(inode.mutex);
  TRY(check_right(inode, name, Intent::kWrite));
  TRY(check_name(name));
  TRY(inode.set_extended_attribute(name, value, flags));
  notify(*path.dentry, kInAttrib);
  return {};
}

Result<void> remove_extended_attribute(const Path& path, std::string_view name) {
  Inode& inode = *path.dentry->inode();
  TRY(check_writable_mount(path));
  const task::Mutex::Lock lock(inode.mutex);
  TRY(check_right(inode, name, Intent::kWrite));
  TRY(check_name(name));
  TRY(inode.remove_extended_attribute(name));
  notify(*path.dentry, kInAttrib);
  return {};
}

Result<Vector<std::byte>> get_extended_attribute(const Path& path, std::string_view name) {
  Inode& inode = *path.dentry->inode();
  TRY(check_right(inode, name, Intent::kRead));
  const bool is_list = name == kAccessList || name == kDefaultList;
  if (!is_list) TRY(check_name(name));
  if (!inode.keeps_extended_attributes()) return Errno::kOpNotSupp;
  const ExtendedAttributes* attributes = TRY(inode.extended_attributes());
  auto value = attributes ? attributes->get(name) : Errno::kNoData;
  if (!value) return is_list ? Errno::kOpNotSupp : value.error();
  Vector<std::byte> copy;
  TRY(copy.append(value.value()));
  return copy;
}

Result<Vector<std::byte>> list_extended_attributes(const Path& path) {
  Vector<std::byte> list;
  const ExtendedAttributes* attributes = TRY(path.dentry->inode()->extended_attributes());
  if (!attributes) return list;
  const bool sees_trusted = Subject::current().can(task::Capability::kSysAdmin);
  Errno failure = Errno::kNone;
  attributes->for_each_name([&](std::string_view name) {
    if (failure != Errno::kNone || (name.starts_with(kTrusted) && !sees_trusted)) return;
    const std::byte end{};
    auto appended = list.append(std::as_bytes(std::span(name)));
    if (appended) appended = list.push_back(end);
    if (!appended) failure = appended.error();
  });
  if (failure != Errno::kNone) return failure;
  return list;
}

}  // namespace kernel::fs
