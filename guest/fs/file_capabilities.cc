#include "fs/file_capabilities.h"

#include <cstdint>

#include "fs/extended_attributes.h"
#include "fs/inode.h"
#include "lib/string.h"

namespace kernel::fs {

namespace {

// struct vfs_ns_cap_data (<linux/capability.h>): the first form has one pair of words, the third one a user id. What comes
// from setxattr(2) is of the second or third, an image may have the first.
struct Stored {
  std::uint32_t header;
  struct {
    std::uint32_t permitted, inheritable;
  } words[2];
  std::uint32_t root;
};
static_assert(sizeof(Stored) == 24);

constexpr std::uint32_t kVersionMask = 0xff00'0000, kEffective = 1;

std::size_t size_of_version(std::uint32_t header) {
  switch (header & kVersionMask) {
    case 0x0100'0000:
      return 12;
    case 0x0200'0000:
      return 20;
    case 0x0300'0000:
      return 24;
    default:
      return 0;
  }
}

task::CapabilitySet join(std::uint32_t low, std::uint32_t high) {
  return task::CapabilitySet::from_bits(std::uint64_t{high} << 32 | low);
}

}  // namespace

Result<std::optional<FileCapabilities>> file_capabilities(Inode& inode) {
  const ExtendedAttributes* attributes = TRY(inode.extended_attributes());
  if (!attributes) return std::optional<FileCapabilities>();
  auto value = attributes->get(kFileCapabilities);
  if (!value) return std::optional<FileCapabilities>();
  const std::span<const std::byte> bytes = value.value();
  if (bytes.size() > sizeof(Stored)) return Errno::kRange;
  Stored stored{};
  memcpy(&stored, bytes.data(), bytes.size());
  if (bytes.size() < sizeof stored.header || bytes.size() != size_of_version(stored.header)) return Errno::kInval;
  // There is one user namespace: the one whose root is user 0.
  if (stored.root != 0) return std::optional<FileCapabilities>();
  FileCapabilities found;
  found.permitted = join(stored.words[0].permitted, stored.words[1].permitted);
  found.inheritable = join(stored.words[0].inheritable, stored.words[1].inheritable);
  found.effective = stored.header & kEffective;
  return std::optional<FileCapabilities>(found);
}

}  // namespace kernel::fs
