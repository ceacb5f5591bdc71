// What husk and husk-import (vmm/oci/main.cc), which it starts to read an image of somebody else's, say to each other.
//
// husk-import TASK LAYOUT REFERENCE INPUT OUTPUT SPOOL MOST-BYTES USER PARENT IMAGE LAYERS: INPUT, OUTPUT and SPOOL are descriptors,
// or -1. What it finds out it says in lines on standard output, beside those of helper.h. One process does one task:
//
//   find   says which image it is and which layers it has. What can be read in one direction only is copied to SPOOL first.
//   layer  writes an image of one layer to OUTPUT. LAYERS: its number among those that were named, a ':', and how many bytes it
//          may have, unpacked.
//   index  writes an image over all layers to OUTPUT. LAYERS: descriptors of the images of all that were named, in that order,
//          with ',' between them.
//
//   export writes an archive of an image of the store (INPUT) to OUTPUT, which may be a pipe. SPOOL has its configuration's text,
//          REFERENCE is what it is called, LAYERS: descriptors of its layers' images, in its order.
//
// layer and index are told the digest that find has named (IMAGE): what they read must still be that.
#pragma once

#include <string_view>

namespace husk::image {

inline constexpr std::string_view kFindTask = "find";
inline constexpr std::string_view kLayerTask = "layer";
inline constexpr std::string_view kIndexTask = "index";
inline constexpr std::string_view kExportTask = "export";

// find. "image: CONFIG-DIGEST", then "layer: DIFF-ID" for each layer, the lowest first, and each once: 64 hexadecimal digits.
inline constexpr std::string_view kSaysImage = "image: ";
inline constexpr std::string_view kSaysLayer = "layer: ";
// The others are to read SPOOL in the place of INPUT.
inline constexpr std::string_view kSaysSpooled = "spooled";
// layer. "unpacked: BYTES".
inline constexpr std::string_view kSaysUnpacked = "unpacked: ";
// index. "config: BYTES": so many of the configuration (vmm/config/image_config_text.h) lie in OUTPUT, from its second block on.
inline constexpr std::string_view kSaysConfig = "config: ";
// export. "sockets: COUNT PATH": so many are not in the archive, and one of them.
inline constexpr std::string_view kSaysSockets = "sockets: ";

// LAYOUT: what the input is.
inline constexpr std::string_view kOciDirectory = "oci-directory";
inline constexpr std::string_view kSkopeoDirectory = "dir-directory";
inline constexpr std::string_view kOciArchive = "oci-archive";
inline constexpr std::string_view kDockerArchive = "docker-archive";
inline constexpr std::string_view kAnyArchive = "archive";

}  // namespace husk::image
