// An image as a file of the cache: what husk writes into it so that a later start can tell whether it is still what was
// built, and that check.
//
// EROFS leaves the first 1024 bytes of an image to its maker; husk keeps a record there: the image's size, the mtime
// that the file was given, and the fingerprint of what it was made from. What is checked at each start, with one read
// of 4 KiB, is in docs/image-format.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/cache/sha256.h"
#include "vmm/image/cache_dir.h"
#include "vmm/image/erofs/device_table.h"
#include "vmm/image/image.h"

namespace husk::image {

inline constexpr std::string_view kImageSuffix = ".erofs";  // of such a file's name

struct OpenedImage {
  RootImage image;              // without a descriptor if there is no such file or it is damaged
  std::string damage;           // why it cannot be used; empty if it can, or if there is none
  std::uint64_t file_size = 0;  // also of a damaged one
  std::int64_t created_s = 0;   // seconds since 1970
  std::uint64_t links = 0;      // names that the file has
  std::uint64_t inodes = 0;     // files in it
  cache::Digest made_from{};    // what the record says
  cache::Digest contents{};     // what find_damage() compares with; zeros if it does not say
  // Of an index: its layers, whose tags are their diff ids. They are opened by layer_store.h.
  std::vector<erofs::Device> layers{};
};
std::uint64_t size_with_layers(const OpenedImage& image);

// `made_from`: what the record must say, or null. Throws for what is no file of the user's. `image.layers` stays empty.
OpenedImage open_image(const Folder& folder, const std::string& name, const cache::Digest* made_from = nullptr);

// Writes the record into an image that was just built, and all of it to disk: a crash of the host must not leave an
// image whose name promises contents that never reached the disk. Throws if it is no image as husk makes them.
//
// `config_bytes`: a container's configuration (vmm/config/image_config_text.h) lies from the second block on, as data of no
// file, and is so long; 0: there is none. Throws if it cannot be understood. Behind it, from a block's begin on, is the table of
// layers, of an image that has some: `layers`, of which the image says the places, and the caller all else.
void seal_image(int fd, const std::string& path, const cache::Digest& made_from, std::size_t config_bytes = 0,
                std::span<const erofs::Device> layers = {});

// Writes into a sealed image what find_damage() compares: SHA-256 of all from byte 1024 on.
void add_checksum(int fd, const std::string& path);

// Reads all of an image that open_image() has found good. Empty if it is whole; else open_image() refuses it from now on, and an
// import makes it anew.
std::string find_damage(int fd);

}  // namespace husk::image
