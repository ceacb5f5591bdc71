#include "vmm/oci/import_layers.h"

#include <algorithm>
#include <memory>

#include "vmm/error.h"
#include "vmm/oci/decompress.h"
#include "vmm/oci/layer_merger.h"
#include "vmm/oci/layer_writer.h"
#include "vmm/oci/tar_reader.h"

namespace husk::oci {
namespace {

std::string name_of(const Image& image, std::size_t index) {
  return "layer " + std::to_string(index + 1) + " of " + std::to_string(image.layers.size());
}

}  // namespace

std::vector<cache::Digest> different_layers(const Image& image) {
  std::vector<cache::Digest> different;
  for (const Layer& layer : image.layers) {
    if (std::ranges::find(different, layer.diff_id) == different.end()) different.push_back(layer.diff_id);
  }
  return different;
}

std::uint64_t import_layer(ImageFiles& files, const Image& image, std::size_t index, std::uint64_t most,
                           image::erofs::ErofsWriter& writer) {
  const Layer& layer = image.layers.at(index);
  const std::string name = name_of(image, index);
  const std::unique_ptr<ByteSource> file = files.open(layer.file);
  if (file == nullptr) throw Error("find", name, "there is no " + layer.file);
  // A docker archive has no digest of the file: what is in it is checked all the same, by its diff id.
  HashingSource packed(*file, layer.size.value_or(most), name);
  const std::unique_ptr<ByteSource> unpacked = unpack(packed, name);
  HashingSource tar(*unpacked, most, name);
  TarReader reader(tar, name);
  LayerWriter(writer).add_layer(reader, name);
  if (tar.finish() != layer.diff_id) {
    throw Error("use", name,
                "its contents are not what the configuration says: the diff id is not " + digest_text(layer.diff_id));
  }
  const cache::Digest digest = packed.finish();
  if (layer.digest && digest != *layer.digest) {
    throw Error("use", name, "its digest is not " + digest_text(*layer.digest));
  }
  if (layer.size && packed.count() != *layer.size) {
    throw Error("use", name,
                "it has " + std::to_string(packed.count()) + " bytes, and should have " + std::to_string(*layer.size));
  }
  return tar.count();
}

void merge_layers(const Image& image, const std::vector<image::erofs::Reader>& layers,
                  image::erofs::ErofsWriter& writer) {
  const std::vector<cache::Digest> different = different_layers(image);
  LayerMerger merger(writer);
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    const auto device =
        static_cast<std::size_t>(std::ranges::find(different, image.layers[i].diff_id) - different.begin());
    merger.add_layer(layers.at(device), device, name_of(image, i));
  }
}

}  // namespace husk::oci
