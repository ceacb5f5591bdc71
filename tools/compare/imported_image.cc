#include "tools/compare/imported_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <optional>

#include "common/unique_fd.h"
#include "tools/compare/guard.h"
#include "vmm/error.h"
#include "vmm/image/image_file.h"

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
      // It was killed before its import was done, or in the middle of removing it: then the image's lock may be left.
      if (std::optional<cache::Lock> left = cache::Lock::try_take(folder, name)) left->remove_file();
    }
    lock->remove_file();
  }
  return folder;
}

UniqueFd open_file(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw Error::from_errno("open", path);
  return file;
}

image::NamedImage copy_image(const std::string& from, const std::string& name, const image::Folder& folder) {
  const UniqueFd source = open_file(from);
  cache::TemporaryFile file(folder, name);
  std::uint64_t size = 0;
  for (;;) {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    const ssize_t count = copy_file_range(source.get(), nullptr, file.fd(), nullptr, kMost, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error::from_errno("copy", from);
    if (count == 0) break;
    size += static_cast<std::uint64_t>(count);
  }
  // The time that the image's record names (vmm/image/image_file.h).
  struct stat status {};
  if (fstat(source.get(), &status) != 0) throw Error::from_errno("look at", from);
  const timespec times[] = {status.st_atim, status.st_mtim};
  // Only what is on the disk can be forgotten.
  if (futimens(file.fd(), times) != 0 || fsync(file.fd()) != 0) throw Error::from_errno("write", file.path());
  const std::string file_name = name + std::string(image::kImageSuffix);
  file.publish(file_name);
  image::NamedImage image;
  image.name = name;
  image.erofs_path = folder.path_of(file_name);
  image.size = size;
  return image;
}

}  // namespace

ImportedImage::ImportedImage(const ImportedImage& other, const std::string& purpose, const image::CacheDir& cache)
    : cache_(cache),
      folder_(swept_folder(cache)),
      stem_(std::string(kPrefix) + std::to_string(comparison_id()) + "-" + purpose),
      in_use_(folder_, stem_ + std::string(kInUse)),
      image_(copy_image(other.erofs(), stem_, folder_)) {
  image_.entries = other.files();
  empty_page_cache();
}

void ImportedImage::empty_page_cache() const {
  const UniqueFd file = open_file(image_.erofs_path);
  posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

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
