// `docker save`: manifest.json lists images by the names of files, old archives' "ID/layer.tar" as new ones'
// "blobs/sha256/...". What is checked are the layers' diff ids, which the configuration has, and that by its digest is the
// image.
#include <algorithm>

#include "vmm/error.h"
#include "vmm/oci/image.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

constexpr std::size_t kMaxShownNames = 10;

std::string with_tag(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const bool has_tag = name.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
  return has_tag ? name : name + ":latest";
}

// "debian" is what docker saves as "debian:latest", and podman as "docker.io/library/debian:latest". Bazel's rules and Go's
// libraries may have saved a name without a tag.
bool is_name(const std::string& saved, const std::string& asked) {
  const std::string had = with_tag(saved), full = with_tag(asked);
  return had == full || had == "docker.io/library/" + full || had == "docker.io/" + full || had == "localhost/" + full;
}

std::string names(const Json& images) {
  std::string list;
  std::size_t shown = 0;
  for (const Json& image : images) {
    for (const std::string& name : texts_of(image, "RepoTags", "manifest.json")) {
      if (++shown > kMaxShownNames) return list + ", ...";
      list += (list.empty() ? "" : ", ") + name.substr(0, 200);
    }
  }
  return list.empty() ? "none" : list;
}

const Json& choose(const Json& images, const std::string& reference) {
  if (reference.empty()) {
    if (images.size() == 1) return images.front();
    throw Error("choose", "an image", "the archive has " + std::to_string(images.size()) + ": " + names(images),
                "give one's name behind ':'");
  }
  for (const Json& image : images) {
    const auto tags = texts_of(image, "RepoTags", "manifest.json");
    if (std::ranges::any_of(tags, [&](const std::string& tag) { return is_name(tag, reference); })) return image;
  }
  throw Error("find", "the image '" + reference + "'", "the archive has these: " + names(images));
}

}  // namespace

Image find_docker_image(ImageFiles& files, const std::string& reference) {
  const std::string where = "manifest.json";
  const auto text = files.read(where);
  if (!text) throw Error("find", where, "there is none: it is no archive of docker's, or of one before 1.10");
  const Json images = parse_document(*text, where);
  if (!images.is_array()) throw Error("understand", where, "it is no list of images");
  const Json& chosen = choose(images, reference);
  const std::string config = text_of(chosen, "Config", where);
  const auto configuration = files.read(config);
  if (config.empty() || !configuration) throw Error("find", "the configuration", "there is no '" + config + "'");
  Image image;
  image.config_digest = cache::sha256(*configuration);
  const auto layers = texts_of(chosen, "Layers", where);
  if (layers.size() > kMaxLayers) throw Error("use", where, "it has more than 512 layers");
  for (const std::string& layer : layers)
    image.layers.push_back({.file = layer, .digest = {}, .size = {}, .diff_id = {}});
  read_configuration(*configuration, image);
  return image;
}

}  // namespace husk::oci
