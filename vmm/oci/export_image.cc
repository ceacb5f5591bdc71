#include "vmm/oci/export_image.h"

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "vmm/error.h"
#include "vmm/oci/document.h"
#include "vmm/oci/tar_writer.h"

namespace husk::oci {
namespace {

// The keys in the order of the specification's examples.
using Object = nlohmann::ordered_json;

constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";

std::string text_of(const Object& object) {
  try {
    return object.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error("write", "the image's configuration", "there is something in it that is no UTF-8, as JSON has to be");
  }
}

Object descriptor(std::string_view type, const cache::Digest& digest, std::uint64_t size) {
  return {{"mediaType", type}, {"digest", digest_text(digest)}, {"size", size}};
}

// Go's way to write a set.
Object set_of(const std::vector<std::string>& names) {
  Object set = Object::object();
  for (const std::string& name : names) set[name] = Object::object();
  return set;
}

Object labels_of(const std::vector<std::string>& labels) {
  Object object = Object::object();
  for (const std::string& label : labels) {
    const std::size_t equals = label.find('=');
    object[label.substr(0, equals)] = equals == std::string::npos ? "" : label.substr(equals + 1);
  }
  return object;
}

Object config_of(const config::ImageConfig& config) {
  Object object = Object::object();
  if (!config.user.empty()) object["User"] = config.user;
  if (!config.ports.empty()) object["ExposedPorts"] = set_of(config.ports);
  if (!config.environment.empty()) object["Env"] = config.environment;
  if (!config.entrypoint.empty()) object["Entrypoint"] = config.entrypoint;
  if (!config.command.empty()) object["Cmd"] = config.command;
  if (!config.volumes.empty()) object["Volumes"] = set_of(config.volumes);
  if (!config.working_directory.empty()) object["WorkingDir"] = config.working_directory;
  if (!config.labels.empty()) object["Labels"] = labels_of(config.labels);
  if (!config.stop_signal.empty()) object["StopSignal"] = config.stop_signal;
  return object;
}

class Archive {
 public:
  explicit Archive(ByteSink& sink) : tar_(sink) {}

  void add_directory(const char* name) { begin(TarEntry::Type::kDirectory, name, 0, 0755); }
  void add(const std::string& name, std::string_view contents) {
    begin(TarEntry::Type::kFile, name, contents.size(), 0644);
    tar_.write(std::as_bytes(std::span(contents)));
  }
  void add_blob(const std::string& contents) { add(blob_name(cache::sha256(contents)), contents); }
  void begin_blob(const cache::Digest& digest, std::uint64_t size) {
    begin(TarEntry::Type::kFile, blob_name(digest), size, 0644);
  }
  TarWriter& tar() { return tar_; }

 private:
  static std::string blob_name(const cache::Digest& digest) { return "blobs/sha256/" + cache::to_hex(digest); }
  void begin(TarEntry::Type type, std::string name, std::uint64_t size, std::uint16_t mode) {
    TarEntry entry;
    entry.type = type;
    entry.name = std::move(name);
    entry.mode = mode;
    entry.size = size;
    tar_.begin(entry);
  }

  TarWriter tar_;
};

// The layer as the contents of a file of the archive, of which it was said before how long they are.
class BlobSink : public ByteSink {
 public:
  BlobSink(TarWriter& tar, std::uint64_t size) : tar_(tar), left_(size) {}
  using ByteSink::write;
  void write(std::span<const std::byte> bytes) override {
    if (bytes.size() > left_) throw Error("write", "a layer", "the image has changed meanwhile");
    left_ -= bytes.size();
    hash_.write(bytes);
    tar_.write(bytes);
  }
  void finish(const cache::Digest& expected) {
    if (left_ != 0 || hash_.finish() != expected) throw Error("write", "a layer", "the image has changed meanwhile");
  }

 private:
  TarWriter& tar_;
  std::uint64_t left_;
  HashingSink hash_;
};

}  // namespace

LeftOut export_image(const image::erofs::Reader& image, const config::ImageConfig& config, const std::string& name,
                     ByteSink& sink) {
  HashingSink layer;
  write_layer_archive(image, layer);
  const cache::Digest layer_digest = layer.finish();

  const std::string configuration =
      text_of({{"created", "1970-01-01T00:00:00Z"},  // optional, but not to all who read it
               {"architecture", "amd64"},
               {"os", "linux"},
               {"config", config_of(config)},
               {"rootfs", {{"type", "layers"}, {"diff_ids", Object::array({digest_text(layer_digest)})}}}});
  const std::string manifest =
      text_of({{"schemaVersion", 2},
               {"mediaType", kManifestType},
               {"config", descriptor(kConfigType, cache::sha256(configuration), configuration.size())},
               {"layers", Object::array({descriptor(kLayerType, layer_digest, layer.count())})}});
  Object entry = descriptor(kManifestType, cache::sha256(manifest), manifest.size());
  if (!name.empty()) entry["annotations"] = {{"org.opencontainers.image.ref.name", name}};

  Archive archive(sink);
  archive.add("oci-layout", text_of({{"imageLayoutVersion", "1.0.0"}}));
  archive.add("index.json", text_of({{"schemaVersion", 2}, {"manifests", Object::array({std::move(entry)})}}));
  archive.add_directory("blobs/");
  archive.add_directory("blobs/sha256/");
  archive.add_blob(manifest);
  archive.add_blob(configuration);
  archive.begin_blob(layer_digest, layer.count());
  BlobSink blob(archive.tar(), layer.count());
  LeftOut left_out = write_layer_archive(image, blob);
  blob.finish(layer_digest);
  archive.tar().finish();
  return left_out;
}

}  // namespace husk::oci
