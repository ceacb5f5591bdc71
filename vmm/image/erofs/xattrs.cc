#include "vmm/image/erofs/xattrs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "vmm/error.h"
#include "vmm/image/erofs/limits.h"

namespace husk::image::erofs {
namespace {

struct Prefix {
  std::string_view text;
  std::uint8_t index;  // EROFS_XATTR_INDEX_*
  bool is_whole;       // nothing may follow it
};
constexpr std::array kPrefixes = {Prefix{"user.", 1, false}, Prefix{"system.posix_acl_access", 2, true},
                                  Prefix{"system.posix_acl_default", 3, true}, Prefix{"trusted.", 4, false},
                                  Prefix{"security.", 6, false}};

const Prefix* prefix_of(std::string_view name) {
  for (const Prefix& prefix : kPrefixes) {
    if (prefix.is_whole ? name == prefix.text : name.starts_with(prefix.text) && name.size() > prefix.text.size()) {
      return &prefix;
    }
  }
  return nullptr;
}

void refuse(const Xattr& xattr, std::string_view why) {
  throw Error("store extended attribute", xattr.name.substr(0, kMaxName), why);
}

template <typename T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_entry(std::string& bytes, const Xattr& xattr) {
  const Prefix* prefix = prefix_of(xattr.name);
  if (prefix == nullptr) refuse(xattr, "EROFS has no attributes of that kind");
  if (xattr.name.size() > kMaxName) refuse(xattr, "its name has more than 255 bytes");
  if (xattr.name.find('\0') != std::string::npos) refuse(xattr, "there is a NUL in its name");
  if (xattr.value.size() > kMaxXattrValue) refuse(xattr, "its value has more than 65535 bytes");
  const std::string_view suffix = std::string_view(xattr.name).substr(prefix->text.size());
  append(bytes, XattrEntry{.name_size = static_cast<std::uint8_t>(suffix.size()),
                           .name_prefix = prefix->index,
                           .value_size = static_cast<std::uint16_t>(xattr.value.size())});
  bytes.append(suffix).append(xattr.value);
  bytes.resize((bytes.size() + 3) / 4 * 4, '\0');
}

}  // namespace

bool is_storable_xattr(std::string_view name) {
  return prefix_of(name) != nullptr;
}

std::string encode_xattrs(std::span<const Xattr> xattrs) {
  std::string bytes;
  if (xattrs.empty()) return bytes;
  std::vector<const Xattr*> sorted;
  for (const Xattr& xattr : xattrs) sorted.push_back(&xattr);
  std::ranges::sort(sorted, {}, [](const Xattr* xattr) -> std::string_view { return xattr->name; });
  append(bytes, XattrHeader{});
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i != 0 && sorted[i]->name == sorted[i - 1]->name) refuse(*sorted[i], "the file has two of that name");
    append_entry(bytes, *sorted[i]);
    if (bytes.size() > kMaxXattrs) refuse(*sorted[i], "all of the file's have more than 262148 bytes");
  }
  return bytes;
}

std::optional<std::vector<Xattr>> decode_xattrs(std::string_view bytes) {
  std::vector<Xattr> xattrs;
  if (bytes.empty()) return xattrs;
  if (bytes.size() < sizeof(XattrHeader)) return std::nullopt;
  XattrHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.shared_count != 0) return std::nullopt;
  bytes.remove_prefix(sizeof header);
  while (!bytes.empty()) {
    XattrEntry entry;
    if (bytes.size() < sizeof entry) return std::nullopt;
    std::memcpy(&entry, bytes.data(), sizeof entry);
    const std::size_t size = sizeof entry + entry.name_size + entry.value_size;
    if (size > bytes.size()) return std::nullopt;
    const std::string_view rest = bytes.substr(sizeof entry, entry.name_size);
    const std::string_view value = bytes.substr(sizeof entry + entry.name_size, entry.value_size);
    const auto* prefix = std::ranges::find(kPrefixes, entry.name_prefix, &Prefix::index);
    bytes.remove_prefix(std::min((size + 3) / 4 * 4, bytes.size()));
    if (prefix == kPrefixes.end()) continue;
    if (prefix->is_whole != rest.empty() || rest.find('\0') != std::string_view::npos) return std::nullopt;
    Xattr xattr{.name = std::string(prefix->text) + std::string(rest), .value = std::string(value)};
    if (xattr.name.size() > kMaxName) return std::nullopt;
    xattrs.push_back(std::move(xattr));
  }
  return xattrs;
}

}  // namespace husk::image::erofs
