// An image as an archive that other tools read: "oci-archive", an image layout (the image specification, image-layout.md) with one
// layer, in a tar archive.
#pragma once

#include <string>

#include "vmm/config/image_config.h"
#include "vmm/image/erofs/reader.h"
#include "vmm/oci/byte_sink.h"
#include "vmm/oci/layer_archive.h"

namespace husk::oci {

// In one direction, so the sink may be a pipe. A layer's name is its hash and stands before it, so the image is read twice. There is
// nothing of the moment or the machine in it: equal images, configurations and names make equal archives. Throws
// husk::Error.
LeftOut export_image(const image::erofs::Reader& image, const config::ImageConfig& config, const std::string& name,
                     ByteSink& sink);

}  // namespace husk::oci
