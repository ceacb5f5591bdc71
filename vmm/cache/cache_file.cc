#include "vmm/cache/cache_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "vmm/cache/trusted_path.h"
#include "vmm/error.h"

namespace husk::cache {
namespace {

bool flock_without_interrupts(int fd, int operation) {
  while (::flock(fd, operation) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

// Whether `name` still is the file that `fd` is open on.
bool is_still(const Folder& folder, const std::string& name, int fd) {
  struct stat here {
  }, there{};
  return ::fstat(fd, &here) == 0 && ::fstatat(folder.fd(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

std::string random_name(const std::string& stem) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) throw Error::from_errno("get", "a random number");
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return stem + "." + text + std::string(kTemporarySuffix);
}

// STEM.NUMBER.tmp, as random_name() makes it; older versions of husk had their pid as the number. Other files are not
// husk's to remove: HUSK_CACHE_DIR may be a directory that holds more than the cache.
bool is_temporary_name(std::string_view name) {
  if (!name.ends_with(kTemporarySuffix)) return false;
  name.remove_suffix(kTemporarySuffix.size());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view number = name.substr(dot + 1);
  return !number.empty() && number.size() <= 16 && number.find_first_not_of("0123456789abcdef") == number.npos;
}

}  // namespace

UniqueFd Lock::take(const Folder& folder, const std::string& name, bool wait) {
  for (;;) {
    UniqueFd fd = folder.open_raw(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600);
    if (!fd && errno == ELOOP) throw Error("lock", folder.path_of(name), "it is a symbolic link", "remove it");
    if (!fd) throw Error::from_errno("lock", folder.path_of(name), kCacheAdvice);
    struct stat status {};
    folder.require_own_file("lock", name, fd.get(), status);
    if (!flock_without_interrupts(fd.get(), LOCK_EX | (wait ? 0 : LOCK_NB))) {
      if (!wait && errno == EWOULDBLOCK) return {};
      throw Error::from_errno("lock", folder.path_of(name));
    }
    // Whoever had it may have removed it: then this is a lock on nothing that others can find.
    if (is_still(folder, name, fd.get())) return fd;
  }
}

Lock::Lock(const Folder& folder, const std::string& stem)
    : folder_(&folder), name_(stem + std::string(kLockSuffix)), fd_(take(folder, name_, true)) {}

std::optional<Lock> Lock::try_take(const Folder& folder, const std::string& stem) {
  std::string name = stem + std::string(kLockSuffix);
  UniqueFd fd = take(folder, name, false);
  if (!fd) return std::nullopt;
  return Lock(folder, std::move(name), std::move(fd));
}

void Lock::remove_file() {
  folder_->remove(name_);
}

TemporaryFile::TemporaryFile(const Folder& folder, const std::string& stem) : folder_(folder) {
  for (;;) {
    name_ = random_name(stem);
    // O_EXCL: never a file, and never a link, that was there before.
    fd_ = folder.open_raw(name_, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!fd_ && errno == EEXIST) continue;
    if (!fd_) throw Error::from_errno("create", path(), kCacheAdvice);
    // Between the two calls sweep() may have found it without a lock.
    if (flock_without_interrupts(fd_.get(), LOCK_EX | LOCK_NB) && is_still(folder, name_, fd_.get())) return;
  }
}

TemporaryFile::~TemporaryFile() {
  if (!name_.empty()) ::unlinkat(folder_.fd(), name_.c_str(), 0);
}

void TemporaryFile::write(std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t done = ::write(fd_.get(), contents.data(), contents.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw Error::from_errno("write", path());
    contents.remove_prefix(static_cast<std::size_t>(done));
  }
}

void TemporaryFile::publish(const std::string& name) {
  if (::fchmod(fd_.get(), 0400) != 0) throw Error::from_errno("write", path());
  folder_.rename(name_, name);
  name_.clear();
  fd_.reset();
}

std::uint64_t sweep(const Folder& folder) {
  std::uint64_t freed = 0;
  for (const std::string& name : folder.names()) {
    if (!is_temporary_name(name)) continue;
    const UniqueFd file = folder.open_raw(name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file && errno == ENOENT) continue;
    if (!file && errno == ELOOP) throw Error("use", folder.path_of(name), "it is a symbolic link", "remove it");
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) throw Error::from_errno("look at", folder.path_of(name));
    if (!S_ISREG(status.st_mode)) continue;  // `husk compare` makes a directory in the cache
    require_owner(folder.path_of(name), status);
    if (!flock_without_interrupts(file.get(), LOCK_EX | LOCK_NB)) continue;  // somebody is at work
    if (is_still(folder, name, file.get()) && folder.remove(name)) {
      freed += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return freed;
}

}  // namespace husk::cache
