// The layers that the cache keeps: each once, as an EROFS image of its own, whatever images have it.
//
//   layers/DIFFID.erofs    DIFFID: SHA-256 of the layer's archive, as an image's configuration names it
//
// An image over layers (an index, image_file.h) names them by their diff ids. A layer that none names goes with the last one
// that did, or with `prune`. Who is about to make an index has its layers locked, each with a shared flock(2) on the file, so
// none is removed meanwhile; who makes or removes one has DIFFID.lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/cache/sha256.h"
#include "vmm/image/cache_dir.h"
#include "vmm/image/image_file.h"

namespace husk::image {

std::string layer_file(const cache::Digest& diff_id);

// A layer whose record is good; without a descriptor if there is none, or it is damaged.
OpenedImage open_layer(const Folder& folder, const cache::Digest& diff_id);

// open_image() with its layers opened. One that is missing or damaged is the image's damage.
OpenedImage open_with_layers(const Folder& folder, const std::string& name, const CacheDir& cache,
                             const cache::Digest* made_from = nullptr);

// Keeps a layer from being removed for as long as the descriptor is open. The caller has DIFFID.lock.
void hold_layer(int fd);

// How many images have each layer. An image has one or more names, and is counted once.
std::map<cache::Digest, unsigned> count_layer_uses(const CacheDir& cache);

// What of an image's layers other images have as well.
std::uint64_t shared_bytes(std::span<const erofs::Device> layers, const std::map<cache::Digest, unsigned>& uses);

// Removes those of `layers` that no image has and nobody holds; returns how many bytes on the disk that freed.
std::uint64_t remove_unused_layers(const CacheDir& cache, std::span<const cache::Digest> layers);
// All such.
std::uint64_t remove_unused_layers(const CacheDir& cache);

std::vector<cache::Digest> diff_ids_of(std::span<const erofs::Device> layers);

}  // namespace husk::image
