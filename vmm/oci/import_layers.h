// The layers of an image, out of the files that it is kept in, into one EROFS image.
#pragma once

#include "vmm/image/erofs/writer.h"
#include "vmm/oci/image.h"

namespace husk::oci {

// One pass: each layer is unpacked, checked against its digest and its diff id, and put upon those below it, file by file.
// Throws husk::Error; then what was written is of no use.
void import_layers(ImageFiles& files, const Image& image, image::erofs::ErofsWriter& writer);

}  // namespace husk::oci
