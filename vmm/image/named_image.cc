#include "vmm/image/named_image.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "vmm/cache/cache_file.h"
#include "vmm/error.h"
#include "vmm/image/fingerprint.h"
#include "vmm/image/image_file.h"
#include "vmm/image/stable_image.h"

namespace husk::image {
namespace {

constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxMetadata = 64 * 1024;
constexpr int kMetadataVersion = 1;

std::string erofs_name(const std::string& name) {
  return name + std::string(kImageSuffix);
}
std::string metadata_name(const std::string& name) {
  return name + ".json";
}

void require_valid(const std::string& name) {
  if (is_valid_name(name)) return;
  throw Error("use image name", "'" + name + "'",
              "a name is made of a-z, 0-9, '.', '_' and '-' and starts with a letter or digit");
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string metadata_of(const NamedImage& image) {
  const nlohmann::json document = {{"version", kMetadataVersion},
                                   {"name", image.name},
                                   {"source", image.source_directory},
                                   {"created", image.created},
                                   {"entries", image.entries}};
  // Names on Linux are bytes: what is no UTF-8 is replaced, not refused.
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// The image file is what counts: a missing or broken description only leaves its fields empty.
NamedImage describe(const std::string& name, const OpenedImage& opened, const Folder& folder) {
  NamedImage result{.name = name,
                    .erofs_path = folder.path_of(erofs_name(name)),
                    .size = opened.file_size,
                    .source_directory = {},
                    .created = {},
                    .damage = opened.damage};
  const nlohmann::json document = nlohmann::json::parse(folder.read(metadata_name(name), kMaxMetadata), nullptr, false);
  if (!document.is_object()) return result;
  try {
    result.source_directory = document.value("source", "");
    result.created = document.value("created", "");
    result.entries = document.value("entries", std::uint64_t{0});
  } catch (const nlohmann::json::exception&) {
    return result;  // a field of the wrong type
  }
  return result;
}

// An image cannot be made anew without its directory, and that one may have changed: the user decides.
[[noreturn]] void refuse(const NamedImage& image) {
  struct stat status {};
  std::string advice = "import it again: husk image import DIR " + image.name;
  if (!image.source_directory.empty()) {
    const bool is_there = ::stat(image.source_directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    advice = is_there ? "import it again: husk image import " + image.source_directory + " " + image.name
                      : advice + " (it came from " + image.source_directory + ", which is gone)";
  }
  throw Error("use image", image.name, "it is damaged: " + image.damage, advice);
}

struct Found {
  Folder folder;
  OpenedImage opened;
};

Found require_image(const std::string& name, const CacheDir& cache) {
  require_valid(name);
  if (std::optional<Folder> folder = cache.find(CacheDir::Part::kImages)) {
    OpenedImage opened = open_image(*folder, erofs_name(name));
    if (opened.image.fd || !opened.damage.empty()) return {*std::move(folder), std::move(opened)};
  }
  throw Error("find image", name, "no image was imported under that name", "see husk image ls");
}

}  // namespace

bool is_valid_name(const std::string& name) {
  const auto is_alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > kMaxName || !is_alphanumeric(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

RootImage open_named(const std::string& name, const CacheDir& cache) {
  if (!is_valid_name(name)) return {};
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kImages);
  if (!folder) return {};
  OpenedImage opened = open_image(*folder, erofs_name(name));
  if (!opened.damage.empty()) refuse(describe(name, opened, *folder));
  return std::move(opened.image);
}

NamedImage import_directory(const std::string& directory, const std::string& name, const CacheDir& cache) {
  require_valid(name);
  const std::string canonical = canonical_path(directory);
  struct stat status {};
  if (::stat(canonical.c_str(), &status) != 0) throw Error::from_errno("import directory", directory);
  if (!S_ISDIR(status.st_mode)) throw Error("import directory", directory, "it is not a directory");
  const Folder folder = cache.make(CacheDir::Part::kImages);
  refuse_cache_inside(canonical, folder);

  // Two imports of one name take turns: image and description belong together.
  cache::Lock held(folder, name);
  cache::sweep(folder);
  NamedImage image{.name = name,
                   .erofs_path = folder.path_of(erofs_name(name)),
                   .size = 0,
                   .source_directory = canonical,
                   .created = now_utc(),
                   .damage = {}};
  cache::TemporaryFile file(folder, name);
  image.entries = build_stable_image(canonical, fingerprint(canonical), file, folder).entries;
  if (::fstat(file.fd(), &status) != 0) throw Error::from_errno("stat image", file.path());
  image.size = static_cast<std::uint64_t>(status.st_size);
  cache::TemporaryFile metadata(folder, name);
  metadata.write(metadata_of(image));
  file.publish(erofs_name(name));
  metadata.publish(metadata_name(name));
  held.remove_file();
  return image;
}

std::vector<NamedImage> list_images(const CacheDir& cache) {
  std::vector<NamedImage> images;
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kImages);
  if (!folder) return images;
  for (std::string name : folder->names()) {
    if (!name.ends_with(kImageSuffix)) continue;
    name.resize(name.size() - kImageSuffix.size());
    if (!is_valid_name(name)) continue;
    const OpenedImage opened = open_image(*folder, erofs_name(name));
    if (opened.image.fd || !opened.damage.empty()) images.push_back(describe(name, opened, *folder));
  }
  std::sort(images.begin(), images.end(), [](const NamedImage& a, const NamedImage& b) { return a.name < b.name; });
  return images;
}

NamedImage inspect_image(const std::string& name, const CacheDir& cache) {
  const Found found = require_image(name, cache);
  return describe(name, found.opened, found.folder);
}

void remove_image(const std::string& name, const CacheDir& cache) {
  const Found found = require_image(name, cache);
  cache::Lock held(found.folder, name);
  found.folder.remove(erofs_name(name));
  found.folder.remove(metadata_name(name));
  held.remove_file();
}

}  // namespace husk::image
