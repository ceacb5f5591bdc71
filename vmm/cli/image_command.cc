#include "vmm/cli/image_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vmm/image/cache_dir.h"
#include "vmm/image/named_image.h"

namespace husk::cli {
namespace {

using image::CacheDir;
using image::NamedImage;

// What the subcommands' arguments are parsed into; lives as long as the callbacks that share it.
struct Arguments {
  std::string directory;
  std::string name;
  std::vector<std::string> names;
};

void import_image(const Arguments& arguments) {
  const NamedImage image = image::import_directory(arguments.directory, arguments.name, CacheDir::from_environment());
  std::printf("%s\n", image.name.c_str());
}

void list_images() {
  const std::vector<NamedImage> images = image::list_images(CacheDir::from_environment());
  std::size_t width = sizeof "NAME" - 1;
  for (const NamedImage& image : images) width = std::max(width, image.name.size());
  const int column = static_cast<int>(width);
  std::printf("%-*s  %10s  %-20s  %s\n", column, "NAME", "SIZE", "CREATED", "SOURCE");
  for (const NamedImage& image : images) {
    std::printf("%-*s  %7.1f MB  %-20s  %s\n", column, image.name.c_str(), static_cast<double>(image.size) / 1e6,
                image.created.c_str(), image.source_directory.c_str());
  }
}

void inspect_images(const Arguments& arguments) {
  const CacheDir cache = CacheDir::from_environment();
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (const std::string& name : arguments.names) {
    const NamedImage image = image::inspect_image(name, cache);
    result.push_back({{"name", image.name},
                      {"path", image.erofs_path},
                      {"size", image.size},
                      {"entries", image.entries},
                      {"source", image.source_directory},
                      {"created", image.created}});
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

}  // namespace

void add_image(CLI::App& app, int& status) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* image = app.add_subcommand("image", "manage the images that `husk run NAME` finds by name");
  image->require_subcommand(1);
  image->callback([&status] { status = 0; });

  CLI::App* import = image->add_subcommand("import", "fix a directory's present state under a name");
  import->add_option("DIR", arguments->directory, "root file system directory")->required();
  import->add_option("NAME", arguments->name, "name: a-z, 0-9, '.', '_', '-'")->required();
  import->callback([arguments] { import_image(*arguments);
});

CLI::App* list = image->add_subcommand("ls", "list the named images");
list->callback([] { list_images(); });

CLI::App* inspect = image->add_subcommand("inspect", "print what is known of named images, as JSON");
inspect->add_option("NAME", arguments->names, "image names")->required();
inspect->callback([arguments] { inspect_images(*arguments); });

CLI::App* remove = image->add_subcommand("rm", "remove named images; running containers keep theirs");
remove->add_option("NAME", arguments->names, "image names")->required();
remove->callback([arguments] { remove_images(*arguments); });
}  // namespace husk::cli

}  // namespace husk::cli
