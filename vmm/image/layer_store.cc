#include "vmm/image/layer_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "vmm/cache/cache_file.h"
#include "vmm/error.h"

namespace husk::image {
namespace {

std::string short_name(const cache::Digest& diff_id) {
  return "sha256:" + cache::to_hex(diff_id).substr(0, 12);
}

// What is wrong with it; empty if it was added.
std::string add_layer(const Folder* folder, const erofs::Device& device, RootImage& image) {
  OpenedImage layer = folder == nullptr ? OpenedImage{} : open_layer(*folder, device.tag);
  const std::string which = "its layer " + short_name(device.tag);
  if (!layer.damage.empty()) return which + " is damaged: " + layer.damage;
  if (!layer.image.fd) return which + " is missing";
  if (layer.file_size != device.blocks * erofs::kBlock || layer.contents != device.contents) {
    return which + " is another one than the image was made with";
  }
  image.layers.push_back({.fd = std::move(layer.image.fd),
                          .offset = device.first_block * erofs::kBlock,
                          .size = layer.file_size,
                          .name = std::move(layer.image.erofs_path)});
  return {};
}

// Of each image in a folder that is not in `seen`.
template <typename Visit>
void for_each_image(const std::optional<Folder>& folder, std::set<ino_t>& seen, const Visit& visit) {
  if (!folder) return;
  for (const std::string& name : folder->names()) {
    struct stat status {};
    if (!name.ends_with(kImageSuffix) || ::fstatat(folder->fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    if (S_ISREG(status.st_mode) && seen.insert(status.st_ino).second) visit(open_image(*folder, name));
  }
}

// Needs no lock of the caller's. The order is what keeps a layer that somebody is about to use: who takes the two locks after
// an image was made sees that image, and who makes one after that finds no layer.
std::uint64_t remove_if_unused(const CacheDir& cache, const Folder& folder, const cache::Digest& diff_id) {
  std::optional<cache::Lock> lock = cache::Lock::try_take(folder, cache::to_hex(diff_id));
  if (!lock) return 0;
  std::uint64_t freed = 0;
  const std::string name = layer_file(diff_id);
  const UniqueFd file = folder.open_raw(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status {};
  if (file && ::fstat(file.get(), &status) == 0 && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 &&
      !count_layer_uses(cache).contains(diff_id) && folder.remove(name)) {
    freed = static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  lock->remove_file();
  return freed;
}

}  // namespace

std::string layer_file(const cache::Digest& diff_id) {
  return cache::to_hex(diff_id) + std::string(kImageSuffix);
}

OpenedImage open_layer(const Folder& folder, const cache::Digest& diff_id) {
  OpenedImage opened = open_image(folder, layer_file(diff_id), &diff_id);
  if (opened.image.fd && (!opened.layers.empty() || opened.image.configuration)) {
    opened.damage = "it is an image, and no layer";
    opened.image.fd.reset();
  }
  return opened;
}

OpenedImage open_with_layers(const Folder& folder, const std::string& name, const CacheDir& cache,
                             const cache::Digest* made_from) {
  OpenedImage opened = open_image(folder, name, made_from);
  if (!opened.image.fd || opened.layers.empty()) return opened;
  const std::optional<Folder> layers = cache.find(CacheDir::Part::kLayers);
  for (const erofs::Device& device : opened.layers) {
    opened.damage = add_layer(layers ? &*layers : nullptr, device, opened.image);
    if (opened.damage.empty()) continue;
    opened.image.fd.reset();
    opened.image.layers.clear();
    break;
  }
  return opened;
}

void hold_layer(int fd) {
  while (::flock(fd, LOCK_SH) != 0) {
    if (errno != EINTR) throw Error::from_errno("lock", "a layer");
  }
}

std::map<cache::Digest, unsigned> count_layer_uses(const CacheDir& cache) {
  std::map<cache::Digest, unsigned> uses;
  std::set<ino_t> seen;
  const auto count = [&uses](const OpenedImage& image) {
    for (const erofs::Device& layer : image.layers) ++uses[layer.tag];
  };
  for_each_image(cache.find(CacheDir::Part::kContainers), seen, count);
  for_each_image(cache.find(CacheDir::Part::kImages), seen, count);
  return uses;
}

std::uint64_t shared_bytes(std::span<const erofs::Device> layers, const std::map<cache::Digest, unsigned>& uses) {
  std::uint64_t shared = 0;
  for (const erofs::Device& layer : layers) {
    const auto use = uses.find(layer.tag);
    if (use != uses.end() && use->second > 1) shared += layer.blocks * erofs::kBlock;
  }
  return shared;
}

std::uint64_t remove_unused_layers(const CacheDir& cache, std::span<const cache::Digest> layers) {
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kLayers);
  if (!folder || layers.empty()) return 0;
  const std::map<cache::Digest, unsigned> uses = count_layer_uses(cache);
  std::uint64_t freed = 0;
  for (const cache::Digest& layer : layers) {
    if (!uses.contains(layer)) freed += remove_if_unused(cache, *folder, layer);
  }
  return freed;
}

std::uint64_t remove_unused_layers(const CacheDir& cache) {
  const std::optional<Folder> folder = cache.find(CacheDir::Part::kLayers);
  if (!folder) return 0;
  std::vector<cache::Digest> layers;
  for (const std::string& name : folder->names()) {
    if (!name.ends_with(kImageSuffix)) continue;
    const auto diff_id = cache::from_hex(std::string_view(name).substr(0, name.size() - kImageSuffix.size()));
    if (diff_id) layers.push_back(*diff_id);
  }
  return remove_unused_layers(cache, layers);
}

std::vector<cache::Digest> diff_ids_of(std::span<const erofs::Device> layers) {
  std::vector<cache::Digest> diff_ids;
  for (const erofs::Device& layer : layers) diff_ids.push_back(layer.tag);
  return diff_ids;
}

}  // namespace husk::image
