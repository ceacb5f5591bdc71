#include "vmm/image/directory_image.h"

#include <utility>

#include "common/monotonic.h"
#include "vmm/cache/cache_file.h"
#include "vmm/cache/sha256.h"
#include "vmm/error.h"
#include "vmm/image/fingerprint.h"
#include "vmm/image/image_file.h"
#include "vmm/image/stable_image.h"
#include "vmm/log.h"

namespace husk::image {
namespace {

// Removes what earlier builds of this directory left: images of older states. Whoever runs from one has it open, so the
// kernel keeps it until they are gone. Needs the key's lock.
void remove_images(const Folder& folder, const std::string& key) {
  for (const std::string& name : folder.names()) {
    if (name.starts_with(key + ".") && name.ends_with(kImageSuffix)) folder.remove(name);
  }
}

void write_source(const Folder& folder, const std::string& key, const std::string& canonical) {
  cache::TemporaryFile file(folder, key);
  file.write(canonical);
  file.publish(key + std::string(kSourceSuffix));
}

class DirectoryImage {
 public:
  explicit DirectoryImage(const std::string& directory)
      : directory_(directory), canonical_(canonical_path(directory)), key_(path_key(canonical_)) {}

  RootImage get(const CacheDir& cache);

 private:
  Fingerprint walk() const;
  std::string name_of(const Fingerprint& state) const { return key_ + "." + state.hex() + std::string(kImageSuffix); }
  // Without a descriptor if it has to be built; `why` is left alone, or says what is wrong with the one that is there.
  RootImage find(const Folder& folder, const Fingerprint& state, std::string& why) const;
  RootImage build(const Folder& folder, Fingerprint state) const;

  const std::string& directory_;
  const std::string canonical_;
  const std::string key_;
};

Fingerprint DirectoryImage::walk() const {
  Fingerprint state = fingerprint(canonical_);
  if (state.entries == 0) throw Error("use image directory", directory_, "it is empty");
  return state;
}

RootImage DirectoryImage::find(const Folder& folder, const Fingerprint& state, std::string& why) const {
  OpenedImage opened = open_image(folder, name_of(state), &state.digest);
  if (!opened.damage.empty()) why = opened.damage;
  opened.image.source_directory = canonical_;
  return std::move(opened.image);
}

RootImage DirectoryImage::build(const Folder& folder, Fingerprint state) const {
  remove_images(folder, key_);
  cache::sweep(folder);
  write_source(folder, key_, canonical_);
  cache::TemporaryFile file(folder, key_);
  const Fingerprint built = build_stable_image(canonical_, std::move(state), file, folder);
  file.publish(name_of(built));
  std::string why = "it has gone";
  RootImage image = find(folder, built, why);
  if (!image.fd) throw Error("open image", folder.path_of(name_of(built)), why, "run again");
  return image;
}

RootImage DirectoryImage::get(const CacheDir& cache) {
  std::optional<Folder> folder = cache.find(CacheDir::Part::kDirectories);
  const std::uint64_t before_ns = monotonic_ns();
  const Fingerprint now = walk();
  report_walk(canonical_, now.entries, monotonic_ns() - before_ns);
  if (!now.sees_mapped_stores) {
    log::print(
        log::Severity::kInfo,
        "%s: files on a tmpfs that are changed through a shared mapping (mmap) are not noticed, nor on an overlay "
        "that is volatile or lies on a tmpfs; if any are, use husk image import",
        canonical_.c_str());
  }
  std::string damage;
  if (folder) {
    if (RootImage hit = find(*folder, now, damage); hit.fd) return hit;
  }
  folder = cache.make(CacheDir::Part::kDirectories);
  refuse_cache_inside(canonical_, *folder);
  const cache::Lock held(*folder, key_);
  // Another husk may have built it while this one waited.
  Fingerprint again = walk();
  if (RootImage hit = find(*folder, again, damage); hit.fd) return hit;
  if (!damage.empty()) {
    log::print(log::Severity::kInfo, "the cached image of %s is made anew: %s", canonical_.c_str(), damage.c_str());
  }
  return build(*folder, std::move(again));
}

}  // namespace

std::string path_key(const std::string& canonical) {
  return cache::to_hex(cache::sha256(canonical));
}

void report_walk(const std::string& canonical, std::uint64_t entries, std::uint64_t ns) {
  const double ms = static_cast<double>(ns) / 1e6;
  const auto files = static_cast<unsigned long long>(entries);
  log::print(log::Severity::kDebug, "timeline: %-28s %10.1f us (%llu files)", "directory looked at", ms * 1000, files);
  if (ns <= kLongWalkNs) return;
  log::print(
      log::Severity::kInfo,
      "%s: looking whether one of its %llu files has changed took %.1f ms, as it does at each start; husk image import "
      "gives its present state a name, which is run without that",
      canonical.c_str(), files, ms);
}

RootImage directory_image(const std::string& directory, const CacheDir& cache) {
  return DirectoryImage(directory).get(cache);
}

}  // namespace husk::image
