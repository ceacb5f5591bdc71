#include "vmm/cli/image_command.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/error.h"
#include "vmm/image/cache_dir.h"
#include "vmm/image/container_image.h"
#include "vmm/image/export_image.h"
#include "vmm/image/layer_store.h"
#include "vmm/image/named_image.h"
#include "vmm/image/prune.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

using image::CachedDirectory;
using image::CacheDir;
using image::ContainerSource;
using image::NamedImage;
using image::UnnamedContainer;
using image::erofs::Device;
using log::printable;

// What the subcommands' arguments are parsed into; lives as long as the callbacks that share it.
struct Arguments {
  std::string source;
  std::string name;
  std::vector<std::string> names;
  bool all = false;
};

double megabytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

std::string utc(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&time, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string source_of(const CachedDirectory& image) {
  if (image.source.empty()) return "(unknown: an older husk made it)";
  return printable(image.source) + (image.is_there ? "" : " (gone)");
}

std::string source_of(const UnnamedContainer& image) {
  if (image.source == "-") return "(an archive on standard input)";
  return printable(image.source) + (image.is_there ? "" : " (gone)");
}

void import_image(const Arguments& arguments) {
  const CacheDir cache = CacheDir::from_environment();
  std::optional<ContainerSource> source = image::parse_container_source(arguments.source);
  if (!source) source = image::container_at(arguments.source);
  if (source && source->path.empty() && arguments.name.empty()) {
    throw Error("import", source->text, "it has no name of its own", "give a NAME behind it");
  }
  const std::string name =
      !arguments.name.empty() ? arguments.name : image::name_for(source ? source->path : arguments.source);
  if (source) {
    image::import_container(*source, name, cache);
  } else {
    image::import_directory(arguments.source, name, cache);
  }
  std::printf("%s\n", name.c_str());
}

// Named images first; what is kept of directories and containers that were run has no name.
void list_images() {
  const CacheDir cache = CacheDir::from_environment();
  const std::vector<NamedImage> images = image::list_images(cache);
  std::size_t width = sizeof "NAME" - 1;
  for (const NamedImage& image : images) width = std::max(width, image.name.size());
  const auto uses = image::count_layer_uses(cache);
  // Its own part: all but the layers that other images have as well.
  const auto row = [&](const std::string& name, std::uint64_t bytes, std::span<const Device> layers,
                       const std::string& created, const std::string& source, const std::string& damage) {
    std::printf("%-*s  %7.1f MB  %7.1f MB  %-20s  %s%s\n", static_cast<int>(width), name.c_str(), megabytes(bytes),
                megabytes(bytes - image::shared_bytes(layers, uses)), created.c_str(), source.c_str(),
                damage.empty() ? "" : (" (damaged: " + damage + ")").c_str());
  };
  std::printf("%-*s  %10s  %10s  %-20s  %s\n", static_cast<int>(width), "NAME", "SIZE", "OWN", "CREATED", "SOURCE");
  for (const NamedImage& image : images) {
    row(image.name, image.size, image.layers, printable(image.created), printable(image.source_directory),
        image.damage);
  }
  for (const CachedDirectory& image : image::list_directories(cache)) {
    row("-", image.bytes, {}, utc(image.created_s), source_of(image), image.damage);
  }
  for (const UnnamedContainer& image : image::list_containers(cache)) {
    row("-", image.bytes, image.layers, utc(image.created_s), source_of(image), image.damage);
  }
}

// As the image specification names them, and docker shows them.
nlohmann::ordered_json json_of(const config::ImageConfig& config) {
  nlohmann::ordered_json labels = nlohmann::ordered_json::object();
  for (const std::string& label : config.labels) {
    const std::size_t equals = label.find('=');
    labels[label.substr(0, equals)] = equals == std::string::npos ? "" : label.substr(equals + 1);
  }
  nlohmann::ordered_json json = {{"Entrypoint", config.entrypoint},
                                 {"Cmd", config.command},
                                 {"Env", config.environment},
                                 {"WorkingDir", config.working_directory},
                                 {"User", config.user},
                                 {"StopSignal", config.stop_signal},
                                 {"Volumes", config.volumes},
                                 {"ExposedPorts", config.ports},
                                 {"Labels", labels}};
  if (config.has_health_check) json["Healthcheck"] = "ignored";
  return json;
}

void inspect_images(const Arguments& arguments) {
  const CacheDir cache = CacheDir::from_environment();
  const auto uses = image::count_layer_uses(cache);
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const std::string& name : arguments.names) {
    const NamedImage image = image::inspect_image(name, cache);
    result.push_back({{"name", image.name},
                      {"path", image.erofs_path},
                      {"size", image.size},
                      {"entries", image.entries},
                      {"source", image.source_directory},
                      {"created", image.created}});
    if (!image.damage.empty()) result.back()["damage"] = image.damage;
    if (!image.layers.empty()) {
      result.back()["shared"] = image::shared_bytes(image.layers, uses);
      result.back()["own"] = image.size - image::shared_bytes(image.layers, uses);
      for (const Device& layer : image.layers) {
        result.back()["layers"].push_back({{"diff_id", "sha256:" + cache::to_hex(layer.tag)},
                                           {"size", layer.blocks * image::erofs::kBlock},
                                           {"images", uses.at(layer.tag)}});
      }
    }
    if (image.configuration) {
      result.back()["digest"] = "sha256:" + image.container;
      result.back()["config"] = json_of(*image.configuration);
    }
  }
  const std::string text = result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
}

void remove_images(const Arguments& arguments) {
  const CacheDir cache = CacheDir::from_environment();
  for (const std::string& name : arguments.names) {
    image::remove_image(name, cache);
    std::printf("%s\n", name.c_str());
  }
}

void export_image(const Arguments& arguments) {
  image::export_image(arguments.source, arguments.name.empty() ? "-" : arguments.name, CacheDir::from_environment());
}

void tag_image(const Arguments& arguments) {
  image::tag_image(arguments.source, arguments.name, CacheDir::from_environment());
  std::printf("%s\n", arguments.name.c_str());
}

// All of them without a name. The status is husk's own error's if one is damaged.
void verify_images(const Arguments& arguments, int& status) {
  const CacheDir cache = CacheDir::from_environment();
  std::vector<std::string> names = arguments.names;
  if (names.empty()) {
    for (const NamedImage& image : image::list_images(cache)) names.push_back(image.name);
  }
  image::LayerDamage layers;
  for (const std::string& name : names) {
    const std::string damage = image::verify_image(name, cache, layers);
    std::printf("%s: %s\n", name.c_str(), damage.empty() ? "whole" : damage.c_str());
    if (!damage.empty()) status = kExitHuskError;
  }
}

void prune_images(const Arguments& arguments) {
  const image::Pruned pruned =
      image::prune(CacheDir::from_environment(), arguments.all ? image::Prune::kAll : image::Prune::kGone);
  for (const CachedDirectory& image : pruned.removed) {
    std::printf("removed  %7.1f MB  %s\n", megabytes(image.bytes), source_of(image).c_str());
  }
  for (const UnnamedContainer& image : pruned.containers) {
    std::printf("removed  %7.1f MB  %s\n", megabytes(image.bytes), source_of(image).c_str());
  }
  for (const CachedDirectory& image : pruned.busy) {
    std::printf("kept     %7.1f MB  %s: it is being built\n", megabytes(image.bytes), source_of(image).c_str());
  }
  std::printf("freed %.1f MB\n", megabytes(pruned.freed));
}

}  // namespace

void add_image(CLI::App& app, int& status) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* image = app.add_subcommand("image", "manage the images that `husk run` keeps and finds");
  image->require_subcommand(1);
  // `work` may set the status to something else.
  const auto add = [&](const char* name, const char* what, auto work) {
    CLI::App* command = image->add_subcommand(name, what);
    command->callback([arguments, &status, work] {
      status = 0;
      work(*arguments);
    });
    return command;
  };

  CLI::App* importing =
      add("import", "make an image of a container's image, or of a directory's present state, and give it a name",
          import_image);
  importing
      ->add_option("SOURCE", arguments->source,
                   "oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], dir:DIR, the path of one of "
                   "these or of a root file system's directory, or - for an archive on standard input")
      ->required();
  importing->add_option("NAME", arguments->name,
                        "name: a-z, 0-9, '.', '_', '-' (default: the last part of SOURCE's path)");

  add("ls", "list the named images, then those kept of what was run", [](const Arguments&) { list_images(); });

  CLI::App* inspect = add("inspect", "print what is known of named images, as JSON", inspect_images);
  inspect->add_option("NAME", arguments->names, "image names")->required();

  CLI::App* remove = add("rm", "remove named images; running containers keep theirs", remove_images);
  remove->add_option("NAME", arguments->names, "image names")->required();

  CLI::App* tag = add("tag", "give a named image a further name", tag_image);
  tag->add_option("NAME", arguments->source, "image name")->required();
  tag->add_option("NEW", arguments->name, "further name")->required();

  CLI::App* exporting =
      add("export", "write an image as an archive that other tools read: oci-archive, with one layer", export_image);
  exporting->add_option("NAME", arguments->source, "image name, or what `husk run` takes for IMAGE")->required();
  exporting->add_option("FILE", arguments->name, "where to (default: -, standard output)");

  CLI::App* verify = add("verify", "read all of named images and say which are damaged",
                         [&status](const Arguments& of) { verify_images(of, status); });
  verify->add_option("NAME", arguments->names, "image names (default: all)");

  CLI::App* prune = add(
      "prune",
      "remove the images without a name of what is gone, and what killed builds left; running containers keep theirs",
      prune_images);
  prune->add_flag("--all", arguments->all, "all images without a name; they are made anew when needed");
}

}  // namespace husk::cli
