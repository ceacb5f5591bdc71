#include "vmm/cli/image_command.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vmm/image/cache_dir.h"
#include "vmm/image/named_image.h"
#include "vmm/image/prune.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

using image::CachedDirectory;
using image::CacheDir;
using image::NamedImage;
using log::printable;

// What the subcommands' arguments are parsed into; lives as long as the callbacks that share it.
struct Arguments {
  std::string directory;
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

void import_image(const Arguments& arguments) {
  const NamedImage image = image::import_directory(arguments.directory, arguments.name, CacheDir::from_environment());
  std::printf("%s\n", image.name.c_str());
}

// Named images first; what is kept of directories that were run has no name.
void list_images() {
  const CacheDir cache = CacheDir::from_environment();
  const std::vector<NamedImage> images = image::list_images(cache);
  std::size_t width = sizeof "NAME" - 1;
  for (const NamedImage& image : images) width = std::max(width, image.name.size());
  const auto row = [width](const std::string& name, std::uint64_t bytes, const std::string& created,
                           const std::string& source, const std::string& damage) {
    std::printf("%-*s  %7.1f MB  %-20s  %s%s\n", static_cast<int>(width), name.c_str(), megabytes(bytes),
                created.c_str(), source.c_str(), damage.empty() ? "" : (" (damaged: " + damage + ")").c_str());
  };
  std::printf("%-*s  %10s  %-20s  %s\n", static_cast<int>(width), "NAME", "SIZE", "CREATED", "SOURCE");
  for (const NamedImage& image : images) {
    row(image.name, image.size, printable(image.created), printable(image.source_directory), image.damage);
  }
  for (const CachedDirectory& image : image::list_directories(cache)) {
    row("-", image.bytes, utc(image.created_s), source_of(image), image.damage);
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
    if (!image.damage.empty()) result.back()["damage"] = image.damage;
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

void prune_images(const Arguments& arguments) {
  const image::Pruned pruned =
      image::prune(CacheDir::from_environment(), arguments.all ? image::Prune::kAll : image::Prune::kGone);
  for (const CachedDirectory& image : pruned.removed) {
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
  image->callback([&status] { status = 0; });

  CLI::App* from_directory = image->add_subcommand("import", "fix a directory's present state under a name");
  from_directory->add_option("DIR", arguments->directory, "root file system directory")->required();
  from_directory->add_option("NAME", arguments->name, "name: a-z, 0-9, '.', '_', '-'")->required();
  from_directory->callback([arguments] { import_image(*arguments); });

  CLI::App* list = image->add_subcommand("ls", "list the named images, then those kept of directories that were run");
  list->callback([] { list_images(); });

  CLI::App* inspect = image->add_subcommand("inspect", "print what is known of named images, as JSON");
  inspect->add_option("NAME", arguments->names, "image names")->required();
  inspect->callback([arguments] { inspect_images(*arguments); });

  CLI::App* remove = image->add_subcommand("rm", "remove named images; running containers keep theirs");
  remove->add_option("NAME", arguments->names, "image names")->required();
  remove->callback([arguments] { remove_images(*arguments); });

  CLI::App* prune = image->add_subcommand(
      "prune",
      "remove the images of directories that are gone, and what killed builds left; running containers keep theirs");
  prune->add_flag("--all", arguments->all, "the images of all directories; they are made anew when needed");
  prune->callback([arguments] { prune_images(*arguments); });
}

}  // namespace husk::cli
