#include "tools/compare/cache_sizes.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <system_error>

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kInside = 2;  // half of a cache: the rest is for whatever else runs
constexpr std::uint64_t kBeyond = 4;  // times: in whole passes a cache with LRU replacement keeps nothing of it
constexpr std::uint64_t kPage = 4096;

std::string word_of(const fs::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

// "512K", "32M"
std::uint64_t bytes_of(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789KMG") != std::string::npos || text[0] < '0' || text[0] > '9') {
    return 0;
  }
  const std::uint64_t number = std::stoull(text.substr(0, 15));
  switch (text.back()) {
    case 'K':
      return number << 10;
    case 'M':
      return number << 20;
    case 'G':
      return number << 30;
    default:
      return number;
  }
}

std::uint64_t fitting(std::uint64_t size, std::uint64_t limit) {
  const std::uint64_t whole = size / kPage * kPage;
  return whole <= limit / 2 ? whole : 0;
}

}  // namespace

CacheSizes cache_sizes(const fs::path& directory) {
  CacheSizes sizes;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, none)) {
    const std::string type = word_of(entry.path() / "type");
    const std::uint64_t bytes = bytes_of(word_of(entry.path() / "size"));
    if (type != "Unified" && type != "Data") continue;
    if (word_of(entry.path() / "level") == "2") sizes.second_level = bytes;
    sizes.last_level = std::max(sizes.last_level, bytes);
  }
  return sizes;
}

StreamSizes stream_sizes(const CacheSizes& caches, std::uint64_t limit) {
  StreamSizes sizes;
  sizes.in_second_level = fitting(caches.second_level / kInside, limit);
  // Where the second level is the last one, there is nothing in between.
  if (caches.last_level > caches.second_level) sizes.in_last_level = fitting(caches.last_level / kInside, limit);
  sizes.beyond_caches = fitting(caches.last_level * kBeyond, limit);
  return sizes;
}

}  // namespace husk::compare
