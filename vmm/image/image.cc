#include "vmm/image/image.h"

#include <sys/stat.h>

#include <cerrno>

#include "vmm/error.h"
#include "vmm/image/container_image.h"
#include "vmm/image/directory_image.h"
#include "vmm/image/named_image.h"

namespace husk::image {
namespace {

bool is_path(const std::string& image) {
  return image.find('/') != std::string::npos || image == "." || image == "..";
}

}  // namespace

bool is_directory_path(const std::string& image) {
  return is_path(image) && !parse_container_source(image) && !container_at(image);
}

RootImage resolve(const std::string& image, const CacheDir& cache) {
  if (image.empty()) throw Error("find image", "''", "its name is empty");
  if (const auto source = parse_container_source(image)) return container_image(*source, cache);
  if (!is_path(image)) {
    if (RootImage named = open_named(image, cache); named.fd) return named;
  }
  struct stat status {};
  if (::stat(image.c_str(), &status) != 0) {
    if (errno != ENOENT) throw Error::from_errno("find image", image);
    if (is_path(image)) throw Error("find image", image, "there is no such directory");
    throw Error("find image", image, "there is neither an imported image nor a directory of that name",
                "see husk image ls, or give the directory's path");
  }
  if (const auto source = container_at(image)) return container_image(*source, cache);
  if (!S_ISDIR(status.st_mode)) throw Error("use image", image, "it is not a directory, and no archive");
  return directory_image(image, cache);
}

}  // namespace husk::image
