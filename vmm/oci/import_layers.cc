#include "vmm/oci/import_layers.h"

#include <memory>
#include <string>

#include "vmm/error.h"
#include "vmm/oci/decompress.h"
#include "vmm/oci/layer_writer.h"
#include "vmm/oci/limits.h"
#include "vmm/oci/tar_reader.h"

namespace husk::oci {
namespace {

// Returns how many bytes it has, unpacked.
std::uint64_t import_layer(ImageFiles& files, const Layer& layer, const std::string& name, std::uint64_t most,
                           LayerWriter& writer) {
  const std::unique_ptr<ByteSource> file = files.open(layer.file);
  if (file == nullptr) throw Error("find", name, "there is no " + layer.file);
  // A docker archive has no digest of the file: what is in it is checked all the same, by its diff id.
  HashingSource packed(*file, layer.size.value_or(most), name);
  const std::unique_ptr<ByteSource> unpacked = unpack(packed, name);
  HashingSource tar(*unpacked, most, name);
  TarReader reader(tar, name);
  writer.add_layer(reader, name);
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

}  // namespace

void import_layers(ImageFiles& files, const Image& image, image::erofs::ErofsWriter& writer) {
  LayerWriter layers(writer);
  std::uint64_t left = kMaxUnpacked;
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    const std::string name = "layer " + std::to_string(i + 1) + " of " + std::to_string(image.layers.size());
    left -= import_layer(files, image.layers[i], name, left, layers);
  }
}

}  // namespace husk::oci
