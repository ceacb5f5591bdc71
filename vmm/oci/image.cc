// OCI's layout and skopeo's: indexes, manifests, descriptors (the image specification; docker's image manifest version 2,
// schema 2).
#include "vmm/oci/image.h"

#include <algorithm>
#include <array>

#include "vmm/error.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr std::array<std::string_view, 2> kIndexTypes = {"application/vnd.oci.image.index.v1+json",
                                                         "application/vnd.docker.distribution.manifest.list.v2+json"};
constexpr std::array<std::string_view, 2> kManifestTypes = {"application/vnd.oci.image.manifest.v1+json",
                                                            "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::array<std::string_view, 2> kConfigTypes = {"application/vnd.oci.image.config.v1+json",
                                                          "application/vnd.docker.container.image.v1+json"};
// How a layer is compressed is seen by its first bytes; what is not among these is no layer that could be unpacked.
constexpr std::array<std::string_view, 11> kLayerTypes = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"};
constexpr std::size_t kMaxShownTags = 10;

template <std::size_t kSize>
bool is_one_of(const std::array<std::string_view, kSize>& types, const std::string& type) {
  return std::ranges::find(types, type) != types.end();
}

std::string quoted(const std::string& text) {
  return "'" + text.substr(0, 100) + "'";
}

struct Descriptor {
  std::string type;
  cache::Digest digest{};
  std::optional<std::uint64_t> size;
};

Descriptor descriptor_of(const Json& json, const std::string& where) {
  if (!json.is_object()) throw Error("understand", where, "it has what is no descriptor");
  return {.type = text_of(json, "mediaType", where),
          .digest = parse_digest(text_of(json, "digest", where), where),
          .size = size_of(json, "size", where)};
}

// How the two layouts name a blob.
class Blobs {
 public:
  Blobs(ImageFiles& files, Layout layout) : files_(files), layout_(layout) {}

  std::string file_of(const cache::Digest& digest, bool is_manifest = false) const {
    const std::string hex = cache::to_hex(digest);
    if (layout_ == Layout::kOci) return "blobs/sha256/" + hex;
    return is_manifest ? hex + ".manifest.json" : hex;
  }
  std::string read(const Descriptor& blob, const std::string& what, bool is_manifest = false) const {
    return read_blob(files_, file_of(blob.digest, is_manifest), blob.digest, blob.size, what);
  }

 private:
  ImageFiles& files_;
  Layout layout_;
};

std::string artefact_type(const Json& manifest, const std::string& where) {
  if (std::string type = text_of(manifest, "artifactType", where); !type.empty()) return type;
  const std::string type = text_of(object_of(manifest, "config", where), "mediaType", where);
  return is_one_of(kConfigTypes, type) ? std::string() : type.empty() ? "unknown" : type;
}

Image image_of_manifest(const Json& manifest, const Blobs& blobs) {
  const std::string where = "the manifest";
  if (member(manifest, "fsLayers") != nullptr || size_of(manifest, "schemaVersion", where).value_or(2) == 1) {
    throw Error("use", where, "it is of docker's schema 1, which is older than image configurations",
                "copy the image with skopeo or docker of today");
  }
  if (const std::string type = artefact_type(manifest, where); !type.empty()) {
    throw Error("use", where, "it is no container image but an OCI artefact of type " + quoted(type));
  }
  Image image;
  const Descriptor config = descriptor_of(object_of(manifest, "config", where), where);
  image.config_digest = config.digest;
  const Json& layers = array_of(manifest, "layers", where);
  if (layers.size() > kMaxLayers) throw Error("use", where, "it has more than 512 layers");
  for (const Json& json : layers) {
    const Descriptor layer = descriptor_of(json, where);
    if (!is_one_of(kLayerTypes, layer.type)) {
      throw Error("use", where, "it has a layer of type " + quoted(layer.type) + ", which cannot be unpacked");
    }
    image.layers.push_back(
        {.file = blobs.file_of(layer.digest), .digest = layer.digest, .size = layer.size, .diff_id = {}});
  }
  read_configuration(blobs.read(config, "the configuration"), image);
  return image;
}

// An image for Linux on x86-64. Attestations, which buildkit puts beside images, have the platform "unknown".
bool is_for_us(const Json& descriptor, const std::string& where) {
  const Json* platform = member(descriptor, "platform");
  if (platform == nullptr) return true;
  const std::string variant = text_of(*platform, "variant", where);
  return text_of(*platform, "os", where) == "linux" && text_of(*platform, "architecture", where) == "amd64" &&
         (variant.empty() || variant == "v1");
}

std::string platforms(const Json& manifests, const std::string& where) {
  std::string list;
  std::size_t shown = 0;
  for (const Json& descriptor : manifests) {
    if (++shown > kMaxShownTags) return list + ", ...";
    const Json& platform = object_of(descriptor, "platform", where);
    list += (list.empty() ? "" : ", ") + text_of(platform, "os", where).substr(0, 20) + "/" +
            text_of(platform, "architecture", where).substr(0, 20);
  }
  return list;
}

Image image_of_document(const Json& document, const std::string& type, const Blobs& blobs, unsigned depth);

Image image_of_descriptor(const Descriptor& blob, const Blobs& blobs, unsigned depth) {
  const std::string text = blobs.read(blob, "a manifest", true);
  Image image = image_of_document(parse_document(text, "a manifest"), blob.type, blobs, depth);
  if (!image.manifest_digest) image.manifest_digest = blob.digest;
  return image;
}

// Of an index below the top: which of its images is this machine's.
Image image_of_index(const Json& index, const Blobs& blobs, unsigned depth) {
  const std::string where = "the index";
  if (depth >= kMaxIndexDepth) throw Error("use", where, "more than 4 indexes lie in each other");
  const Json& manifests = array_of(index, "manifests", where);
  const auto found = std::ranges::find_if(manifests, [&](const Json& one) { return is_for_us(one, where); });
  if (found == manifests.end()) {
    throw Error("use", where, "it has no image for linux/amd64, but for: " + platforms(manifests, where));
  }
  return image_of_descriptor(descriptor_of(*found, where), blobs, depth + 1);
}

// What its descriptor, or else itself, says that it is; where neither does, what it has.
Image image_of_document(const Json& document, const std::string& said, const Blobs& blobs, unsigned depth) {
  const std::string own = text_of(document, "mediaType", "a manifest");
  const std::string& type = said.empty() ? own : said;
  const bool has_images = member(document, "manifests") != nullptr;
  if (is_one_of(kIndexTypes, type) || (type.empty() && has_images)) return image_of_index(document, blobs, depth);
  if (type.empty() || is_one_of(kManifestTypes, type)) return image_of_manifest(document, blobs);
  if (type.starts_with("application/vnd.docker.distribution.manifest.v1+")) {
    throw Error("use", "the manifest", "it is of docker's schema 1, which is older than image configurations",
                "copy the image with skopeo or docker of today");
  }
  throw Error("use", "the manifest", "it is no container image but of type " + quoted(type));
}

std::string tag_of(const Json& descriptor) {
  return text_of(object_of(descriptor, "annotations", "index.json"), kRefName, "index.json");
}

std::string tags(const Json& manifests) {
  std::string list;
  std::size_t shown = 0;
  for (const Json& descriptor : manifests) {
    const std::string tag = tag_of(descriptor).substr(0, 100);
    if (tag.empty()) continue;
    if (++shown > kMaxShownTags) return list + ", ...";
    list += (list.empty() ? "" : ", ") + tag;
  }
  return list.empty() ? "none" : list;
}

Image find_oci_image(ImageFiles& files, const std::string& reference) {
  const auto version = files.read("oci-layout");
  if (!version) throw Error("find", "oci-layout", "there is none: it is no OCI image layout");
  const std::string said = text_of(parse_document(*version, "oci-layout"), "imageLayoutVersion", "oci-layout");
  if (!said.starts_with("1."))
    throw Error("use", "oci-layout", "the layout's version is " + quoted(said) + ", and not 1");
  const auto text = files.read("index.json");
  if (!text) throw Error("find", "index.json", "there is none: it is no OCI image layout");
  const Json index = parse_document(*text, "index.json");
  const Json& all = array_of(index, "manifests", "index.json");
  // Several of one tag, or without any, are for several platforms, unless they are several images.
  std::vector<const Json*> found;
  for (const Json& one : all) {
    if (reference.empty() || tag_of(one) == reference) found.push_back(&one);
  }
  if (found.size() > 1) std::erase_if(found, [](const Json* one) { return !is_for_us(*one, "index.json"); });
  if (found.empty()) {
    throw Error("find", reference.empty() ? "an image" : "the tag " + quoted(reference),
                "the layout has no such image for linux/amd64; its tags: " + tags(all));
  }
  if (found.size() > 1) {
    throw Error("choose", "an image", "the layout has several; their tags: " + tags(all), "give one behind ':'");
  }
  return image_of_descriptor(descriptor_of(*found.front(), "index.json"), Blobs(files, Layout::kOci), 0);
}

Image find_dir_image(ImageFiles& files) {
  const auto text = files.read("manifest.json");
  if (!text) throw Error("find", "manifest.json", "there is none: it is no directory of skopeo's");
  Image image = image_of_document(parse_document(*text, "manifest.json"), {}, Blobs(files, Layout::kDir), 0);
  if (!image.manifest_digest) image.manifest_digest = cache::sha256(*text);
  return image;
}

}  // namespace

std::string read_blob(ImageFiles& files, const std::string& file, const cache::Digest& digest,
                      const std::optional<std::uint64_t>& size, const std::string& what) {
  const auto text = files.read(file);
  if (!text) throw Error("find", what, "there is no " + file);
  if (size && *size != text->size()) {
    throw Error("use", what,
                "it has " + std::to_string(text->size()) + " bytes, and should have " + std::to_string(*size));
  }
  if (cache::sha256(*text) != digest) throw Error("use", what, "its digest is not " + digest_text(digest));
  return *text;
}

Layout detect_layout(ImageFiles& files) {
  if (const auto text = files.read("manifest.json")) {
    // docker's is a list of images; skopeo's is the manifest of one. Since docker 25 an archive is both docker's and OCI's.
    return parse_document(*text, "manifest.json").is_array() ? Layout::kDocker : Layout::kDir;
  }
  if (files.has("index.json")) return Layout::kOci;
  if (files.has("repositories")) {
    throw Error("use", "the archive", "it has no manifest.json: it was made by docker before 1.10",
                "load and save it with docker of today");
  }
  throw Error("use", "it", "it has neither manifest.json nor index.json: it is no container image",
              "a root file system is unpacked first and used as a directory");
}

Image find_image(ImageFiles& files, Layout layout, const std::string& reference) {
  switch (layout) {
    case Layout::kOci:
      return find_oci_image(files, reference);
    case Layout::kDocker:
      return find_docker_image(files, reference);
    case Layout::kDir:
      return find_dir_image(files);
  }
  throw Error("use", "the image", "its layout is not known");
}

}  // namespace husk::oci
