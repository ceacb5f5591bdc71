// What husk and husk-import (vmm/oci/main.cc), which it starts to read an image of somebody else's, say to each other.
//
// husk-import LAYOUT REFERENCE INPUT OUTPUT SPOOL MOST-BYTES USER PARENT: the second to fifth are descriptors, or -1.
// It finds the image and says which it is, waits for one byte on standard input, which is closed instead where the image
// is known, and then writes it to OUTPUT. It says all this in lines on standard output, beside those of helper.h.
#pragma once

#include <string_view>

namespace husk::image {

// "image: CONFIG-DIGEST": 64 hexadecimal digits.
inline constexpr std::string_view kSaysImage = "image: ";
// "config: BYTES": so many of the configuration (vmm/config/image_config_text.h) lie in OUTPUT, from its second block on.
inline constexpr std::string_view kSaysConfig = "config: ";

// LAYOUT: what the input is.
inline constexpr std::string_view kOciDirectory = "oci-directory";
inline constexpr std::string_view kSkopeoDirectory = "dir-directory";
inline constexpr std::string_view kOciArchive = "oci-archive";
inline constexpr std::string_view kDockerArchive = "docker-archive";
inline constexpr std::string_view kAnyArchive = "archive";

}  // namespace husk::image
