// Where husk keeps the root file system images that it has built.
//
//   images/NAME.erofs, NAME.json       made by `husk image import DIR NAME`
//   directories/KEY.FINGERPRINT.erofs  the image of a directory (KEY: its path) in one state (FINGERPRINT:
//   fingerprint.h) directories/KEY.lock               held while that image is built directories/KEY.PID.tmp an image
//   being built; removed by the next build if the builder died
#pragma once

#include <string>

namespace husk::image {

class CacheDir {
 public:
  explicit CacheDir(std::string path) : path_(std::move(path)) {}

  // $HUSK_CACHE_DIR, or /var/cache/husk for root, or $XDG_CACHE_HOME/husk, or ~/.cache/husk. Touches no file.
  static CacheDir from_environment();

  const std::string& path() const { return path_; }
  std::string images() const { return path_ + "/images"; }
  std::string directories() const { return path_ + "/directories"; }

  // Creates the directories that are missing, readable by their owner only (images may hold private files). Throws
  // husk::Error when they cannot be made or written.
  void create() const;

 private:
  std::string path_;
};

}  // namespace husk::image
