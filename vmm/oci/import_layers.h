// The layers of an image: each out of the files that the image is kept in, into an EROFS image of its own, and then all of these
// into one that has nothing but their names (an index).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vmm/image/erofs/reader.h"
#include "vmm/image/erofs/writer.h"
#include "vmm/oci/image.h"

namespace husk::oci {

// Of the image's layers, each diff id once: an image may have one several times.
std::vector<cache::Digest> different_layers(const Image& image);

// One pass: the layer is unpacked, checked against its digest and its diff id, and put into the image file by file. Returns how
// many bytes it has, unpacked; more than `most` are an error. Throws husk::Error; then what was written is of no use.
std::uint64_t import_layer(ImageFiles& files, const Image& image, std::size_t index, std::uint64_t most,
                           image::erofs::ErofsWriter& writer);

// `layers`: the images of different_layers(), which are the writer's devices in this order.
void merge_layers(const Image& image, const std::vector<image::erofs::Reader>& layers,
                  image::erofs::ErofsWriter& writer);

}  // namespace husk::oci
