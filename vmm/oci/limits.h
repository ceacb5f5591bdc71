// How much of this machine, and of whoever reads the errors, an image of somebody else's may take. What is beyond a limit
// is refused with an error that names it. Together they keep an import below 256 MiB of memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vmm/config/image_config_text.h"

namespace husk::oci {

// A manifest, an index or a configuration. Registries take manifests of 4 MiB (the distribution specification).
inline constexpr std::size_t kMaxDocument = std::size_t{4} << 20;
inline constexpr int kMaxDocumentDepth = 32;
inline constexpr std::size_t kMaxDocumentValues = 100'000;
inline constexpr unsigned kMaxIndexDepth = 4;   // indexes in each other
inline constexpr std::size_t kMaxLayers = 512;  // docker stops at 127

// Of an archive that holds images: files in it, and links from one to the next.
inline constexpr std::size_t kMaxMembers = 65'536;
inline constexpr unsigned kMaxMemberLinks = 8;

// Of a layer. PAX headers and GNU's long names hold names and attributes, which have less in Linux.
inline constexpr std::size_t kMaxExtendedHeader = std::size_t{1} << 20;
inline constexpr std::size_t kMaxPath = 4095;      // PATH_MAX with its NUL
inline constexpr unsigned kMaxLinksFollowed = 40;  // as path_resolution(7)
inline constexpr std::size_t kMaxSparsePieces = 1'000'000;
// Names that a layer gives to files of layers below it: these stay in memory, with or without a name, while it is added.
inline constexpr std::size_t kMaxLowerLinks = 65'536;

// Files and whiteouts of a layer's image, which is read again (layer_merger.h): more than kMaxTreeMemory lets one have.
inline constexpr std::size_t kMaxLayerFiles = 1'000'000;

// What the bytes of all layers come to, unpacked: a bomb of nothing that is kept would else take days.
inline constexpr std::uint64_t kMaxUnpacked = std::uint64_t{256} << 30;
inline constexpr std::uint64_t kMaxImage = std::uint64_t{64} << 30;
inline constexpr std::uint64_t kMaxTreeMemory = std::uint64_t{128} << 20;  // names and attributes: 500,000 files
// zstd's own tools stop at 128 MiB, those that make layers at 8 or 16.
inline constexpr int kMaxZstdWindowLog = 26;
// Memory of the process, come what may.
inline constexpr std::uint64_t kMaxMemory = std::uint64_t{512} << 20;

}  // namespace husk::oci
