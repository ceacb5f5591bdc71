#include "vmm/image/named_image.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "vmm/error.h"
#include "vmm/image/directory_image.h"

namespace husk::image {
namespace {

constexpr std::size_t kMaxName = 128;
constexpr int kMetadataVersion = 1;
constexpr std::string_view kSuffix = ".erofs";

std::string erofs_path(const std::string& name, const CacheDir& cache) {
  return cache.images() + "/" + name + ".erofs";
}
std::string metadata_path(const std::string& name, const CacheDir& cache) {
  return cache.images() + "/" + name + ".json";
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

void write_metadata(const NamedImage& image, const std::string& path) {
  const nlohmann::json document = {{"version", kMetadataVersion},
                                   {"name", image.name},
                                   {"source", image.source_directory},
                                   {"created", image.created},
                                   {"entries", image.entries}};
  std::ofstream file(path);
  // Names on Linux are bytes: what is no UTF-8 is replaced, not refused.
  file << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  file.close();
  if (!file) throw Error::from_errno("write", path);
}

// The image file is what counts: a missing or broken description only leaves its fields empty.
NamedImage describe(const std::string& name, const RootImage& image, const CacheDir& cache) {
  NamedImage result{
      .name = name, .erofs_path = image.erofs_path, .size = image.size, .source_directory = {}, .created = {}};
  std::ifstream file(metadata_path(name, cache));
  const nlohmann::json document = nlohmann::json::parse(file, nullptr, false);
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

RootImage require_image(const std::string& name, const CacheDir& cache) {
  require_valid(name);
  RootImage image = open_named(name, cache);
  if (!image.fd) throw Error("find image", name, "no image was imported under that name", "see husk image ls");
  return image;
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
  return open_image(erofs_path(name, cache));
}

NamedImage import_directory(const std::string& directory, const std::string& name, const CacheDir& cache) {
  require_valid(name);
  const std::unique_ptr<char, decltype(&std::free)> canonical(::realpath(directory.c_str(), nullptr), &std::free);
  if (canonical == nullptr) throw Error::from_errno("import directory", directory);
  struct stat status {};
  if (::stat(canonical.get(), &status) != 0) throw Error::from_errno("import directory", directory);
  if (!S_ISDIR(status.st_mode)) throw Error("import directory", directory, "it is not a directory");
  cache.create();

  const std::string suffix = "." + std::to_string(::getpid()) + ".tmp";
  const std::string temporary = erofs_path(name, cache) + suffix;
  const std::string temporary_metadata = metadata_path(name, cache) + suffix;
  NamedImage image{.name = name,
                   .erofs_path = erofs_path(name, cache),
                   .size = 0,
                   .source_directory = canonical.get(),
                   .created = now_utc()};
  try {
    image.entries = build_stable_image(image.source_directory, temporary).entries;
    image.size = open_image(temporary).size;
    write_metadata(image, temporary_metadata);
    if (::rename(temporary.c_str(), image.erofs_path.c_str()) != 0 ||
        ::rename(temporary_metadata.c_str(), metadata_path(name, cache).c_str()) != 0) {
      throw Error::from_errno("write image", image.erofs_path);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    ::unlink(temporary_metadata.c_str());
    throw;
  }
  return image;
}

std::vector<NamedImage> list_images(const CacheDir& cache) {
  std::vector<NamedImage> images;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(cache.images().c_str()), &::closedir);
  if (stream == nullptr) {
    if (errno == ENOENT) return images;
    throw Error::from_errno("read", cache.images());
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    std::string name = entry->d_name;
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - kSuffix.size());
    if (RootImage image = open_named(name, cache); image.fd) images.push_back(describe(name, image, cache));
  }
  std::sort(images.begin(), images.end(), [](const NamedImage& a, const NamedImage& b) { return a.name < b.name; });
  return images;
}

NamedImage inspect_image(const std::string& name, const CacheDir& cache) {
  return describe(name, require_image(name, cache), cache);
}

void remove_image(const std::string& name, const CacheDir& cache) {
  const RootImage image = require_image(name, cache);
  if (::unlink(image.erofs_path.c_str()) != 0) throw Error::from_errno("remove image", image.erofs_path);
  ::unlink(metadata_path(name, cache).c_str());
}

}  // namespace husk::image
