// What a layer's image says that a root file system's has no need to say. It is as overlayfs has its lower layers
// (Documentation/filesystems/overlayfs.rst), so Linux can mount it as one: a removed name is a character device 0:0, a
// directory that hides what lower layers have in it has an attribute. What overlayfs has no way to say is in attributes of
// husk's own, which no layer's archive can give.
#pragma once

#include <sys/stat.h>

#include <string_view>

#include "vmm/image/erofs/tree.h"

namespace husk::oci {

inline constexpr std::string_view kOpaqueMark = "trusted.overlay.opaque";
// All others begin so.
inline constexpr std::string_view kHuskMarks = "trusted.husk.";
// A directory that the layer has no entry for, only files in it: it says nothing of its owner and mode, and may be a link to a
// directory in a lower layer.
inline constexpr std::string_view kImpliedMark = "trusted.husk.implied";
// A directory that takes the place of what was there, of whatever type; it is opaque as well.
inline constexpr std::string_view kReplacedMark = "trusted.husk.replaced";
// A character device 0:0 that is none of the above, but a device.
inline constexpr std::string_view kDeviceMark = "trusted.husk.device";
// A further name for a lower layer's file, which the value names, in place of an empty file.
inline constexpr std::string_view kLinkMark = "trusted.husk.link";
inline constexpr std::string_view kSet = "y";

inline bool may_be_whiteout(const image::erofs::Attributes& attributes, std::uint32_t data) {
  return (attributes.mode & S_IFMT) == S_IFCHR && data == 0;
}

}  // namespace husk::oci
