#include "tools/compare/imported_image.h"

#include <exception>
#include <optional>

#include "tools/compare/guard.h"

namespace husk::compare {
namespace {

constexpr std::string_view kPrefix = "husk-compare-";
constexpr std::string_view kInUse = ".in-use";

image::Folder swept_folder(const image::CacheDir& cache) {
  image::Folder folder = cache.make(image::CacheDir::Part::kImages);
  for (const std::string& file : folder.names()) {
    const std::string suffix = std::string(kInUse) + std::string(cache::kLockSuffix);
    if (!file.starts_with(kPrefix) || !file.ends_with(suffix)) continue;
    const std::string name = file.substr(0, file.size() - suffix.size());
    std::optional<cache::Lock> lock = cache::Lock::try_take(folder, name + std::string(kInUse));
    if (!lock) continue;  // its comparison is at work
    try {
      image::remove_image(name, cache);
    } catch (const std::exception&) {
      // It was killed before its import was done.
    }
    lock->remove_file();
  }
  return folder;
}

}  // namespace

ImportedImage::ImportedImage(const std::string& directory, const std::string& purpose, const image::CacheDir& cache)
    : cache_(cache),
      folder_(swept_folder(cache)),
      stem_(std::string(kPrefix) + std::to_string(comparison_id()) + "-" + purpose),
      in_use_(folder_, stem_ + std::string(kInUse)),
      image_(image::import_directory(directory, stem_, cache)) {}

ImportedImage::~ImportedImage() {
  try {
    image::remove_image(image_.name, cache_);
    in_use_.remove_file();
  } catch (const std::exception&) {
    // The next comparison removes it.
  }
}

}  // namespace husk::compare
