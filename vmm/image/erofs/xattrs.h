// Extended attributes as they follow an inode.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace husk::image::erofs {

struct Xattr {
  std::string name;  // "security.capability"
  std::string value;
};

// Whether EROFS has a way to write attributes of that name: those of user, trusted and security, and POSIX ACLs.
bool is_storable_xattr(std::string_view name);

// The bytes, a multiple of 4 of them, in an order of their own; none for none. Throws husk::Error at what is beyond the
// limits, or has no storable name.
std::string encode_xattrs(std::span<const Xattr> xattrs);

// The other way: nothing for bytes that are none of such. What has a prefix that is not known is left out, as Linux leaves it out.
std::optional<std::vector<Xattr>> decode_xattrs(std::string_view bytes);

}  // namespace husk::image::erofs
