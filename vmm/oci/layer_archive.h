// All files of an EROFS image as one layer: a tar archive in the order of their names.
#pragma once

#include <cstdint>
#include <string>

#include "vmm/image/erofs/reader.h"
#include "vmm/oci/byte_sink.h"

namespace husk::oci {

// What an archive has no way to say.
struct LeftOut {
  std::uint64_t sockets = 0;
  std::string first;  // one of them
};

// Holes become zeros. A name that a layer would take for a mark of its own (".wh.") is an error, and so is a path that has more
// than kMaxPath bytes: nobody could make the file again. The image may be anybody's: what is damaged is refused. Equal
// images make equal bytes. Throws husk::Error.
LeftOut write_layer_archive(const image::erofs::Reader& image, ByteSink& sink);

}  // namespace husk::oci
