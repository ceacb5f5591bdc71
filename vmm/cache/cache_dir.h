// Where husk keeps what is expensive to make: root file system images, and what it measured about the host.
//
//   host-profile                       vmm/machine/host_profile.h
//   images/NAME.erofs, NAME.json       made by `husk image import DIR NAME`
//   directories/KEY.FINGERPRINT.erofs  the image of a directory in one state; KEY.source says which directory
//   containers/DIGEST.erofs            the image of a container (vmm/image/container_image.h); DIGEST.source says from where
//   layers/DIFFID.erofs                one layer of containers (vmm/image/layer_store.h)
//   *.lock                             held while files of that name are made or removed
//   *.tmp                              a file being made; whoever makes it holds a lock on it (cache_file.h)
//
// What is in here decides what a guest runs and what its processor looks like, so it must be the user's own. CacheDir
// is only a path; the one way to a file in it is a Folder, and a Folder exists only if the directory, the way to it and
// the folder itself passed the checks of trusted_path.h.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace husk::cache {

// What to do where the cache cannot be written.
inline constexpr const char* kCacheAdvice = "set HUSK_CACHE_DIR to a directory that can be written";

// A verified directory of the cache. All that is done in it is done relative to its descriptor, with names of one
// component, and never through a link. Copies share the descriptor.
class Folder {
 public:
  Folder(UniqueFd fd, std::string path)
      : fd_(std::make_shared<const UniqueFd>(std::move(fd))), path_(std::move(path)) {}

  int fd() const { return fd_->get(); }
  const std::string& path() const { return path_; }  // absolute, without links
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  // A regular file that belongs to the user or root and that nobody else can write to; without a descriptor if there is
  // none of that name. Throws for anything else. `status` is what fstat says of it.
  UniqueFd open(const std::string& name, struct stat& status) const;
  // What is in such a file, `most` bytes of it at the most; nothing if there is none or it cannot be read.
  std::string read(const std::string& name, std::size_t most) const;
  // For whoever opens with open_raw what has to be such a file; `operation` is for the error's text.
  void require_own_file(const char* operation, const std::string& name, int fd, struct stat& status) const;

  // openat2 beneath this folder: any kind of file, unchecked. Sets errno.
  UniqueFd open_raw(const std::string& name, int flags, mode_t mode = 0) const;

  std::vector<std::string> names() const;  // without . and ..

  // False if there is none. Throws when it cannot be removed.
  bool remove(const std::string& name) const;
  void rename(const std::string& from, const std::string& to) const;

 private:
  std::shared_ptr<const UniqueFd> fd_;
  std::string path_;
};

class CacheDir {
 public:
  explicit CacheDir(std::string path) : path_(std::move(path)) {}

  // $HUSK_CACHE_DIR, or /var/cache/husk for root, or $XDG_CACHE_HOME/husk, or ~/.cache/husk. Touches no file.
  static CacheDir from_environment();

  const std::string& path() const { return path_; }
  std::string images() const { return path_ + "/images"; }
  std::string directories() const { return path_ + "/directories"; }

  enum class Part { kTop, kImages, kDirectories, kContainers, kLayers };

  // Looks at the way to the cache now (and makes it if it is missing) and keeps the directory open: all that follows
  // starts there. For whoever uses the cache several times in a row.
  void hold();

  // Without a value if it does not exist yet. Throws husk::Error if it is not to be trusted.
  std::optional<Folder> find(Part part) const;

  // Creates what is missing, readable by its owner only (images may hold private files), and checks that it can be
  // written.
  Folder make(Part part) const;

 private:
  std::string path_;
  std::optional<Folder> held_;
};

}  // namespace husk::cache
