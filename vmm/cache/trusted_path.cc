#include "vmm/cache/trusted_path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "vmm/error.h"

namespace husk::cache {
namespace {

constexpr const char* kUse = "use the cache in";
constexpr const char* kElsewhere = "set HUSK_CACHE_DIR to a directory of your own that only you can write to";
constexpr int kMaxLinks = 40;  // path_resolution(7)

bool is_trusted_owner(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == ::geteuid();
}

std::string owner_of(const struct stat& status) {
  return "it belongs to uid " + std::to_string(status.st_uid) + ", not to you (uid " + std::to_string(::geteuid()) +
         ") or root";
}

std::string who_can_write(const struct stat& status) {
  const bool group = (status.st_mode & S_IWGRP) != 0;
  const std::string who = group ? "group " + std::to_string(status.st_gid) : std::string();
  if ((status.st_mode & S_IWOTH) == 0) return who;
  return group ? who + " and everybody else" : "everybody";
}

class Resolution {
 public:
  Resolution(const std::string& path, IfMissing if_missing) : if_missing_(if_missing), pending_(absolute(path)) {}

  bool run();  // false: not there
  const std::string& path() const { return done_.empty() ? root_ : done_; }
  const struct stat& status() const { return last_; }

 private:
  static std::string absolute(const std::string& path);
  bool step(const std::string& name);
  void follow(const std::string& link);
  bool is_last() const { return pending_.find_first_not_of('/') == std::string::npos; }
  void require_safe_parent(const std::string& path) const;

  const IfMissing if_missing_;
  const std::string root_ = "/";
  std::string done_;     // looked at, without links, "" for the root
  std::string pending_;  // still to look at
  struct stat last_ {};  // of done_
  int links_ = 0;
};

std::string Resolution::absolute(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  std::array<char, PATH_MAX> here{};
  if (::getcwd(here.data(), here.size()) == nullptr) throw Error::from_errno("find", "the working directory");
  return std::string(here.data()) + "/" + path;
}

bool Resolution::run() {
  if (::lstat("/", &last_) != 0) throw Error::from_errno("look at", "/");
  while (!is_last()) {
    // What was reached is a parent now.
    require_safe_parent(path());
    const std::size_t start = pending_.find_first_not_of('/');
    const std::size_t end = std::min(pending_.find('/', start), pending_.size());
    const std::string name = pending_.substr(start, end - start);
    pending_.erase(0, end);
    if (name == ".") continue;
    if (name == "..") {  // done_ has no links, so this is what the kernel would do
      done_.resize(done_.empty() ? 0 : done_.rfind('/'));
      if (::lstat(path().c_str(), &last_) != 0) throw Error::from_errno("look at", path());
      continue;
    }
    if (!step(name)) return false;
  }
  require_own(path(), last_);
  return true;
}

void Resolution::require_safe_parent(const std::string& path) const {
  if (!is_trusted_owner(last_)) {
    throw Error(kUse, done_ + pending_, path + " could be exchanged: " + owner_of(last_), kElsewhere);
  }
  if ((last_.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (last_.st_mode & S_ISVTX) == 0) {
    throw Error(kUse, done_ + pending_, who_can_write(last_) + " can write to " + path,
                "chmod go-w " + path + ", or " + kElsewhere);
  }
}

bool Resolution::step(const std::string& name) {
  const std::string next = done_ + "/" + name;
  struct stat status {};
  while (::lstat(next.c_str(), &status) != 0) {
    if (errno != ENOENT) throw Error::from_errno(kUse, next, kElsewhere);
    if (if_missing_ == IfMissing::kReport) return false;
    // Another husk may make it at the same time; whatever there is then is looked at like any other.
    if (::mkdir(next.c_str(), is_last() ? 0700 : 0755) != 0 && errno != EEXIST) {
      throw Error::from_errno("create cache directory", next, kElsewhere);
    }
  }
  if (S_ISLNK(status.st_mode)) {
    if (!is_trusted_owner(status)) {
      throw Error(kUse, next, "it is a symbolic link of somebody else's: " + owner_of(status), kElsewhere);
    }
    follow(next);
    return true;
  }
  if (!S_ISDIR(status.st_mode)) throw Error(kUse, next, "it is not a directory", kElsewhere);
  done_ = next;
  last_ = status;
  return true;
}

void Resolution::follow(const std::string& link) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ++links_ > kMaxLinks ? (errno = ELOOP, -1) : ::readlink(link.c_str(), target.data(), PATH_MAX);
  if (size < 0) throw Error::from_errno("follow link", link);
  pending_ = std::string(target.data(), static_cast<std::size_t>(size)) + "/" + pending_;
  if (target[0] != '/') return;
  done_.clear();
  if (::lstat("/", &last_) != 0) throw Error::from_errno("look at", "/");
}

}  // namespace

bool others_can_exchange(const struct stat& parent, const struct stat& entry) {
  if (!is_trusted_owner(parent)) return true;
  if ((parent.st_mode & (S_IWGRP | S_IWOTH)) == 0) return false;
  return (parent.st_mode & S_ISVTX) == 0 || !is_trusted_owner(entry);
}

void require_owner(const std::string& object, const struct stat& status) {
  if (is_trusted_owner(status)) return;
  throw Error(kUse, object, owner_of(status), "remove it if it should not be there, or " + std::string(kElsewhere));
}

void require_own(const std::string& object, const struct stat& status) {
  require_owner(object, status);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  const bool is_shared = (status.st_mode & S_ISVTX) != 0;  // on purpose, as /tmp is
  throw Error(kUse, object, who_can_write(status) + " can write to it",
              (is_shared ? "" : "chmod go-w " + object + ", or ") + kElsewhere);
}

std::optional<TrustedDirectory> open_trusted_directory(const std::string& path, IfMissing if_missing) {
  Resolution resolution(path, if_missing);
  if (!resolution.run()) return std::nullopt;
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  TrustedDirectory directory{
      .fd = UniqueFd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, resolution.path().c_str(), &how, sizeof how))),
      .path = resolution.path()};
  if (!directory.fd) throw Error::from_errno("open cache directory", directory.path, kElsewhere);
  struct stat status {};
  if (::fstat(directory.fd.get(), &status) != 0) throw Error::from_errno("look at", directory.path);
  // Only the user and root could do that, and neither means it.
  if (status.st_dev != resolution.status().st_dev || status.st_ino != resolution.status().st_ino) {
    throw Error(kUse, directory.path, "it was exchanged meanwhile", "run again");
  }
  return directory;
}

}  // namespace husk::cache
