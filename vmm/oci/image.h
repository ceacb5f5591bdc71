// One image among the files that it is kept in: which layers, and what it says of how it is to be run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/cache/sha256.h"
#include "vmm/config/image_config.h"
#include "vmm/oci/document.h"
#include "vmm/oci/image_files.h"

namespace husk::oci {

struct Layer {
  std::string file;
  std::optional<cache::Digest> digest;  // of the file, where its manifest says it
  std::optional<std::uint64_t> size;
  cache::Digest diff_id;  // of the tar archive in it
};

struct Image {
  config::ImageConfig config;
  cache::Digest config_digest;  // by which two images are the same one
  std::optional<cache::Digest> manifest_digest;
  std::vector<Layer> layers;  // the lowest first
};

// How the files are arranged.
enum class Layout {
  kOci,     // index.json and blobs/ (the image layout specification)
  kDocker,  // manifest.json of `docker save`
  kDir,     // skopeo's dir:
};

// Throws husk::Error if it is none of them.
Layout detect_layout(ImageFiles& files);

// `reference`: a tag, or a name of `docker save`'s; empty if there is only one image. All that is read on the way is
// checked against its digest; layers are not read. Throws husk::Error.
Image find_image(ImageFiles& files, Layout layout, const std::string& reference);

// Its parts. A descriptor's blob, checked.
std::string read_blob(ImageFiles& files, const std::string& file, const cache::Digest& digest,
                      const std::optional<std::uint64_t>& size, const std::string& what);
Image find_docker_image(ImageFiles& files, const std::string& reference);

// What the configuration's text says. Fills image.config, and the layers' diff_id, of which there must be one for each.
void read_configuration(std::string_view text, Image& image);

}  // namespace husk::oci
