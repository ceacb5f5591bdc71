#include "vmm/image/named_image.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>

#include "vmm/cache/cache_file.h"
#include "vmm/error.h"
#include "vmm/image/container_image.h"
#include "vmm/image/fingerprint.h"
#include "vmm/image/image_file.h"
#include "vmm/image/layer_store.h"
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
                    .size = size_with_layers(opened),
                    .layers = opened.layers,
                    .source_directory = {},
                    .created = {},
                    .damage = opened.damage,
                    .container = {},
                    .configuration = opened.image.configuration};
  if (result.configuration) {
    result.container = cache::to_hex(opened.made_from);
    result.entries = opened.inodes;
  }
  const nlohmann::json document = nlohmann::json::parse(folder.read(metadata_name(name), kMaxMetadata), nullptr, false);
  if (!document.is_object()) return result;
  try {
    result.source_directory = document.value("source", "");
    result.created = document.value("created", "");
    if (!result.configuration) result.entries = document.value("entries", std::uint64_t{0});
  } catch (const nlohmann::json::exception&) {
    return result;  // a field of the wrong type
  }
  return result;
}

// An image cannot be made anew without its directory, and that one may have changed: the user decides.
[[noreturn]] void refuse(const NamedImage& image) {
  struct stat status {};
  std::string advice = "import it again: husk image import SOURCE " + image.name;
  if (!image.source_directory.empty()) {
    const bool is_there = ::stat(image.source_directory.c_str(), &status) == 0;
    advice = is_there ? "import it again: husk image import " + image.source_directory + " " + image.name
                      : advice + " (it came from " + image.source_directory + ", which is gone)";
  }
  throw Error("use image", image.name, "it is damaged: " + image.damage, advice);
}

// A name that is given while an image is made or found has to be a temporary one first, to be exchanged with what has the
// name already. It is a link to the image: the lock that keeps sweep() from it is on the image, too.
void link_image(const Folder& from, const std::string& file, const Folder& folder, const std::string& name) {
  const UniqueFd image = from.open_raw(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!image) throw Error::from_errno("open image", from.path_of(file), "run again");
  while (::flock(image.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw Error::from_errno("lock", from.path_of(file));
  }
  std::string temporary;
  {
    const cache::TemporaryFile unique(folder, name);
    temporary = unique.name();
  }
  if (::linkat(from.fd(), file.c_str(), folder.fd(), temporary.c_str(), 0) != 0) {
    throw Error::from_errno("give a name to", from.path_of(file), "the cache's file system must have hard links");
  }
  folder.rename(temporary, erofs_name(name));
  // Between two names of one file, rename(2) does nothing.
  folder.remove(temporary);
}

void write_metadata(const Folder& folder, const NamedImage& image) {
  cache::TemporaryFile metadata(folder, image.name);
  metadata.write(metadata_of(image));
  metadata.publish(metadata_name(image.name));
}

// The container whose image has this name, also a damaged one: the file that it is another link to. Empty if it is none's.
std::string container_of(const Folder& folder, const std::string& name, const CacheDir& cache) {
  const std::optional<Folder> containers = cache.find(CacheDir::Part::kContainers);
  struct stat image {
  }, other{};
  if (!containers || ::fstatat(folder.fd(), erofs_name(name).c_str(), &image, AT_SYMLINK_NOFOLLOW) != 0) return {};
  for (const std::string& file : containers->names()) {
    if (!file.ends_with(kImageSuffix)) continue;
    if (::fstatat(containers->fd(), file.c_str(), &other, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (other.st_ino == image.st_ino && other.st_dev == image.st_dev) return file.substr(0, file.find('.'));
  }
  return {};
}

struct Found {
  Folder folder;
  OpenedImage opened;
};

Found require_image(const std::string& name, const CacheDir& cache) {
  require_valid(name);
  if (std::optional<Folder> folder = cache.find(CacheDir::Part::kImages)) {
    OpenedImage opened = open_with_layers(*folder, erofs_name(name), cache);
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
  OpenedImage opened;
  // The name may be given to another image at this moment, and the layers of the one before be gone.
  for (int attempt = 0; attempt < 3; ++attempt) {
    opened = open_with_layers(*folder, erofs_name(name), cache);
    if (opened.damage.empty()) return std::move(opened.image);
  }
  refuse(describe(name, opened, *folder));
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
                   .damage = {},
                   .container = {},
                   .configuration = {}};
  cache::TemporaryFile file(folder, name);
  image.entries = build_stable_image(canonical, fingerprint(canonical), file, folder).entries;
  add_checksum(file.fd(), file.path());
  if (::fstat(file.fd(), &status) != 0) throw Error::from_errno("stat image", file.path());
  image.size = static_cast<std::uint64_t>(status.st_size);
  const std::string before = container_of(folder, name, cache);
  file.publish(erofs_name(name));
  write_metadata(folder, image);
  held.remove_file();
  if (!before.empty()) remove_container(cache, before);
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
    const OpenedImage opened = open_with_layers(*folder, erofs_name(name), cache);
    if (opened.image.fd || !opened.damage.empty()) images.push_back(describe(name, opened, *folder));
  }
  std::sort(images.begin(), images.end(), [](const NamedImage& a, const NamedImage& b) { return a.name < b.name; });
  return images;
}

NamedImage inspect_image(const std::string& name, const CacheDir& cache) {
  const Found found = require_image(name, cache);
  return describe(name, found.opened, found.folder);
}

void name_container(const Folder& containers, const std::string& key, const std::string& name,
                    const std::string& source, const CacheDir& cache) {
  require_valid(name);
  const Folder folder = cache.make(CacheDir::Part::kImages);
  cache::Lock held(folder, name);
  cache::sweep(folder);
  const std::string before = container_of(folder, name, cache);
  link_image(containers, key + std::string(kImageSuffix), folder, name);
  write_metadata(folder, {.name = name,
                          .erofs_path = {},
                          .source_directory = source,
                          .created = now_utc(),
                          .damage = {},
                          .container = {},
                          .configuration = {}});
  held.remove_file();
  if (!before.empty() && before != key) remove_container(cache, before);
}

void tag_image(const std::string& name, const std::string& further, const CacheDir& cache) {
  require_valid(further);
  const Found found = require_image(name, cache);
  NamedImage image = describe(name, found.opened, found.folder);
  if (!image.damage.empty()) refuse(image);
  if (name == further) return;
  image.name = further;
  cache::Lock held(found.folder, further);
  const std::string before = container_of(found.folder, further, cache);
  link_image(found.folder, erofs_name(name), found.folder, further);
  write_metadata(found.folder, image);
  held.remove_file();
  if (!before.empty() && before != image.container) remove_container(cache, before);
}

std::string name_for(const std::string& path) {
  std::string name = path.substr(0, path.find_last_not_of('/') + 1);
  name = name.substr(name.find_last_of('/') + 1);
  for (const std::string_view ending : {".gz", ".zst", ".tgz", ".tar"}) {
    if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  if (!is_valid_name(name)) {
    throw Error("import", path, "its last part is no name for an image", "give a NAME behind it");
  }
  return name;
}

void remove_image(const std::string& name, const CacheDir& cache) {
  const Found found = require_image(name, cache);
  cache::Lock held(found.folder, name);
  const std::string container = container_of(found.folder, name, cache);
  found.folder.remove(erofs_name(name));
  found.folder.remove(metadata_name(name));
  held.remove_file();
  if (!container.empty()) remove_container(cache, container);
}

std::string verify_image(const std::string& name, const CacheDir& cache, LayerDamage& layers) {
  const Found found = require_image(name, cache);
  if (!found.opened.image.fd) return found.opened.damage;
  const std::string damage = find_damage(found.opened.image.fd.get());
  if (!damage.empty()) return damage;
  for (std::size_t i = 0; i < found.opened.layers.size(); ++i) {
    const auto [layer, is_new] = layers.try_emplace(found.opened.layers[i].tag);
    if (is_new) layer->second = find_damage(found.opened.image.layers[i].fd.get());
    if (!layer->second.empty()) return "its layer sha256:" + cache::to_hex(layer->first) + ": " + layer->second;
  }
  return {};
}

}  // namespace husk::image
