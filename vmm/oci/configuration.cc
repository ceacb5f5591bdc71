// The image's configuration (the image specification, "config"): what is run, and the layers' diff ids.
#include "vmm/error.h"
#include "vmm/image/helper.h"
#include "vmm/oci/image.h"

namespace husk::oci {
namespace {

constexpr const char* kWhere = "the configuration";

std::vector<std::string> keys_of(const Json& object, const char* key) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : object_of(object, key, kWhere).items()) {
    if (name.find('\0') != std::string::npos)
      throw Error("understand", kWhere, "there is a NUL in " + std::string(key));
    keys.push_back(name);
  }
  return keys;
}

void read_platform(const Json& document) {
  const std::string system = text_of(document, "os", kWhere), machine = text_of(document, "architecture", kWhere);
  if ((system.empty() || system == "linux") && (machine.empty() || machine == "amd64")) return;
  throw Error("use", "the image",
              "it is for " + system.substr(0, 40) + "/" + machine.substr(0, 40) + ", and this is linux/amd64");
}

void read_layers(const Json& document, Image& image) {
  const Json& root = object_of(document, "rootfs", kWhere);
  const auto ids = texts_of(root, "diff_ids", kWhere);
  if (ids.size() != image.layers.size()) {
    throw Error("use", "the image",
                "its manifest has " + std::to_string(image.layers.size()) + " layers, and its configuration " +
                    std::to_string(ids.size()));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) image.layers[i].diff_id = parse_digest(ids[i], kWhere);
}

void read_environment(const Json& json, config::ImageConfig& config) {
  for (std::string& variable : texts_of(json, "Env", kWhere)) {
    if (variable.find('=') == std::string::npos || variable.front() == '=') {
      throw Error("use", kWhere, "'" + variable.substr(0, 100) + "' in Env has no name, or no value");
    }
    config.environment.push_back(std::move(variable));
  }
}

}  // namespace

void read_configuration(std::string_view text, Image& image) {
  const Json document = parse_document(text, kWhere);
  if (!document.is_object()) throw Error("understand", kWhere, "it is no object");
  read_platform(document);
  read_layers(document, image);
  const Json& json = object_of(document, "config", kWhere);
  config::ImageConfig& config = image.config;
  config.entrypoint = texts_of(json, "Entrypoint", kWhere);
  config.command = texts_of(json, "Cmd", kWhere);
  read_environment(json, config);
  config.working_directory = text_of(json, "WorkingDir", kWhere);
  // docker takes it as one below the root.
  if (!config.working_directory.empty() && config.working_directory.front() != '/')
    config.working_directory.insert(0, "/");
  config.user = text_of(json, "User", kWhere);
  config.stop_signal = text_of(json, "StopSignal", kWhere);
  config.volumes = keys_of(json, "Volumes");
  config.ports = keys_of(json, "ExposedPorts");
  for (const std::string& label : keys_of(json, "Labels")) {
    config.labels.push_back(label + "=" + text_of(object_of(json, "Labels", kWhere), label.c_str(), kWhere));
  }
  if (member(json, "Healthcheck") != nullptr) {
    config.has_health_check = true;
    image::helper_note("the image has a health check, which nothing runs");
  }
}

}  // namespace husk::oci
