// Where the fields of a tar header are (POSIX, ustar Interchange Format).
#pragma once

#include <cstddef>
#include <string_view>

namespace husk::oci::tar {

inline constexpr std::size_t kBlock = 512;

struct Field {
  std::size_t offset, size;
};
inline constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12},
    kChecksum{148, 8}, kTarget{157, 100}, kMagic{257, 8}, kMajor{329, 8}, kMinor{337, 8}, kPrefix{345, 155};
inline constexpr std::size_t kType = 156;
inline constexpr std::string_view kPosixMagic(
    "ustar\0"
    "00",
    8);
// PAX's key for an extended attribute, before its name (star, and all who make images).
inline constexpr std::string_view kPaxXattr = "SCHILY.xattr.";

}  // namespace husk::oci::tar
