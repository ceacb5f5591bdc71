// Extended attributes of an inode: names and values that programs put there (xattr(7)), and the calls on them. Kept in
// RAM, with the file systems that keep their inodes there (fs/ram/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/result.h"
#include "lib/string.h"
#include "lib/vector.h"

namespace kernel::fs {

class Inode;
struct Path;

inline constexpr std::size_t kLongestAttributeName = 255;        // XATTR_NAME_MAX
inline constexpr std::size_t kLongestAttributeValue = 64 << 10;  // XATTR_SIZE_MAX
inline constexpr std::size_t kLongestAttributeList = 64 << 10;   // XATTR_LIST_MAX
// What the values of one inode may take together. On Linux a file system's blocks are the limit.
inline constexpr std::size_t kMostAttributeBytes = 128 << 10;

// The capabilities that a program gives (capabilities(7)): gone once it is written or changes hands.
inline constexpr std::string_view kFileCapabilities = "security.capability";

// setxattr(2)'s flags.
inline constexpr std::uint32_t kAttributeCreate = 1, kAttributeReplace = 2;

class ExtendedAttributes {
 public:
  // kExist, kNoData as the flags have it; kNoSpc, kNoMem.
  Result<void> set(std::string_view name, std::span<const std::byte> value, std::uint32_t flags);
  // kNoData. Valid until the next change.
  Result<std::span<const std::byte>> get(std::string_view name) const;
  Result<void> remove(std::string_view name);
  template <typename Visit>
  void for_each_name(Visit visit) const {
    for (const Attribute& attribute : attributes_) visit(attribute.name.view());
  }

 private:
  struct Attribute {
    String name;
    Vector<std::byte> value;
  };
  Attribute* find(std::string_view name);

  Vector<Attribute> attributes_;
  std::size_t names_ = 0, values_ = 0;  // bytes
};

// Takes from a program the capabilities that it gives, if there are any. Those that cannot be read execve(2) cannot read,
// either.
void drop_file_capabilities(Inode& inode);

// What setxattr(2) and its relatives do. Names have 1 to kLongestAttributeName bytes.
Result<void> set_extended_attribute(const Path& path, std::string_view name, std::span<const std::byte> value,
                                    std::uint32_t flags);
Result<void> remove_extended_attribute(const Path& path, std::string_view name);
// A copy of the value.
Result<Vector<std::byte>> get_extended_attribute(const Path& path, std::string_view name);
// Each name with its NUL.
Result<Vector<std::byte>> list_extended_attributes(const Path& path);

}  // namespace kernel::fs
