// Files of the cache while they are made: each is written under a temporary name and renamed into place when it is
// complete, so that a reader sees all of it or nothing. Whoever was killed leaves a temporary file; the kernel has then
// given up its lock, which is how the next one knows (a pid would say nothing across pid namespaces or reboots).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/unique_fd.h"
#include "vmm/cache/cache_dir.h"

namespace husk::cache {

inline constexpr std::string_view kTemporarySuffix = ".tmp";
inline constexpr std::string_view kLockSuffix = ".lock";

// An exclusive flock(2) on STEM.lock.
class Lock {
 public:
  Lock(const Folder& folder, const std::string& stem);  // waits for it
  static std::optional<Lock> try_take(const Folder& folder, const std::string& stem);

  // Removes the lock's file: who waits for it finds that out and makes a new one.
  void remove_file();

 private:
  Lock(const Folder& folder, std::string name, UniqueFd fd)
      : folder_(&folder), name_(std::move(name)), fd_(std::move(fd)) {}
  static UniqueFd take(const Folder& folder, const std::string& name, bool wait);

  const Folder* folder_;
  std::string name_;
  UniqueFd fd_;
};

// STEM.RANDOM.tmp, new, empty and locked. Unlinked when it goes, unless it was published.
class TemporaryFile {
 public:
  TemporaryFile(const Folder& folder, const std::string& stem);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }
  std::string path() const { return folder_.path_of(name_); }

  void write(std::string_view contents);  // all of it; throws
  // Read-only from now on, and in the place of whatever had that name: who has the old file open keeps it.
  void publish(const std::string& name);

 private:
  const Folder& folder_;
  std::string name_;
  UniqueFd fd_;
};

// Removes temporary files whose makers are gone, and no others whose names end in .tmp; returns how many bytes that
// freed.
std::uint64_t sweep(const Folder& folder);

}  // namespace husk::cache
