#include "tools/compare/output/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

// What would end this process must not do so between a temporary file's beginning and its end, which is soon.
class SignalsLater {
 public:
  SignalsLater() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsLater() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsLater(const SignalsLater&) = delete;
  SignalsLater& operator=(const SignalsLater&) = delete;

 private:
  sigset_t before_{};
};

// A pipe that nobody reads is an error of that one output, not the end of all.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  ~NoPipeSignal() { sigaction(SIGPIPE, &before_, nullptr); }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  struct sigaction before_ {};
};

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

std::string directory_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Whether a new file can take the place of what is there: nothing, or a file.
bool is_replaceable(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) != 0 ? errno == ENOENT : S_ISREG(status.st_mode);
}

// Next to `path`, so that it can be renamed to it. Its name is short: the longest that is allowed could not get longer.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path)
      : name_(directory_of(path) + "/.husk-XXXXXX"), file_(::mkostemp(name_.data(), O_CLOEXEC)) {
    if (!file_) return;
    struct stat old {};
    if (::stat(path.c_str(), &old) == 0) {
      (void)!::fchown(file_.get(), old.st_uid, old.st_gid);
      ::fchmod(file_.get(), old.st_mode & 07777);
    } else {
      const mode_t mask = ::umask(0);
      ::umask(mask);
      ::fchmod(file_.get(), 0666 & ~mask);
    }
  }
  ~TemporaryFile() {
    if (file_ && !is_renamed_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int get() const { return file_.get(); }
  bool rename_to(const std::string& path) { return is_renamed_ = ::rename(name_.c_str(), path.c_str()) == 0; }

 private:
  std::string name_;
  UniqueFd file_;
  bool is_renamed_ = false;
};

// The descriptor of this process that already has that file or pipe, so that what it writes goes on from there: opened
// anew, a file behind /dev/stdout would be written over from its beginning. -1 for none.
int standard_descriptor_of(const std::string& path) {
  struct stat wanted {};
  if (::stat(path.c_str(), &wanted) != 0) return -1;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status {};
    if (::fstat(fd, &status) == 0 && status.st_dev == wanted.st_dev && status.st_ino == wanted.st_ino) return fd;
  }
  return -1;
}

void write_in_place(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file || !write_all(file.get(), text)) throw Error::from_errno("write", path);
}

// False where the file that is there can only be written in place: its directory is not to be written to, or it is a
// mount point.
bool replace(const std::string& path, const std::string& text) {
  const bool is_there = ::access(path.c_str(), F_OK) == 0;
  const SignalsLater signals;
  TemporaryFile file(path);
  if (file.get() < 0 && is_there) return false;
  if (file.get() < 0 || !write_all(file.get(), text)) throw Error::from_errno("write", path);
  if (file.rename_to(path)) return true;
  if (!is_there) throw Error::from_errno("write", path);
  return false;
}

}  // namespace

std::string read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw Error::from_errno("read", path);
  std::string text;
  char part[64 << 10];
  for (;;) {
    const ssize_t count = ::read(file.get(), part, sizeof part);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error::from_errno("read", path);
    if (count == 0) return text;
    text.append(part, static_cast<std::size_t>(count));
    if (text.size() > kMostFileBytes) {
      throw Error("read", path, "it is larger than " + std::to_string(kMostFileBytes >> 20) + " MiB",
                  "give a file that husk compare --json has written");
    }
  }
}

void check_can_write(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) throw Error("write", path, "it is a directory");
    if (::access(path.c_str(), W_OK) != 0) throw Error::from_errno("write", path);
    return;
  }
  if (errno != ENOENT) throw Error::from_errno("write", path);
  if (!is_replaceable(path)) return;  // a link to what is not there yet
  const SignalsLater signals;
  if (TemporaryFile(path).get() < 0) throw Error::from_errno("write", path);
}

void write_file(const std::string& path, const std::string& text) {
  const NoPipeSignal no_signal;
  if (const int fd = standard_descriptor_of(path); fd >= 0) {
    if (!write_all(fd, text)) throw Error::from_errno("write", path);
  } else if (!is_replaceable(path) || !replace(path, text)) {
    write_in_place(path, text);
  }
}

void write_files(const std::vector<OutputFile>& files) {
  std::string errors;
  for (const OutputFile& file : files) {
    try {
      write_file(file.path, file.text());
    } catch (const Error& error) {
      errors += (errors.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (!errors.empty()) throw std::runtime_error(errors);
}

void print(const std::string& text) {
  std::fflush(stdout);
  if (!write_all(STDOUT_FILENO, text)) throw Error::from_errno("write", "standard output");
}

}  // namespace husk::compare
