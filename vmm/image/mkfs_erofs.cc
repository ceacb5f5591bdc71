#include "vmm/image/mkfs_erofs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/error.h"

namespace husk::image {
namespace {

constexpr int kPatienceMs = 2000;  // how long a build may take before the user is told what is going on
constexpr int kExecFailed = 127;
constexpr std::size_t kMaxOutput = 64 * 1024;

// A UUID that depends on the tree only, so that equal trees give equal images.
std::string uuid_from(const std::string& digest) {
  std::string uuid = digest.substr(0, 32);
  for (const std::size_t at : {8, 13, 18, 23}) uuid.insert(at, "-");
  return uuid;
}

// The first complaint in mkfs.erofs's output. Its lines look like "<E> erofs: text"; usage text follows some of them.
std::string first_complaint(const std::string& output) {
  std::size_t at = output.find("<E>");
  at = at == std::string::npos ? 0 : at + 3;
  std::string line = output.substr(at, output.find('\n', at) - at);
  const std::size_t start = line.find_first_not_of(" \t");
  line = start == std::string::npos ? std::string() : line.substr(start);
  for (char& c : line) {
    if (c == '\t') c = ' ';
  }
  return line;
}

[[noreturn]] void run_in_child(const std::vector<const char*>& arguments, int output, pid_t parent) {
  // Dies with the builder: a build that nobody waits for would hold disk space and processor time.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kExecFailed);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(arguments[0], const_cast<char* const*>(arguments.data()));
  const int reason = errno;
  ::_exit(reason == ENOENT ? kExecFailed : kExecFailed - 1);
}

// Reads what the child prints until it closes its end.
std::string collect(int fd, const std::string& directory, std::uint64_t expected_bytes) {
  std::string output;
  std::array<char, 4096> buffer{};
  int patience = kPatienceMs;
  for (;;) {
    pollfd waiter{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiter, 1, patience);
    if (ready < 0 && errno != EINTR) break;
    if (ready == 0) {
      patience = -1;
      if (::isatty(STDERR_FILENO) != 0) {
        std::fprintf(stderr, "husk: building the image of %s (%llu MB); it is kept until the directory changes\n",
                     directory.c_str(), static_cast<unsigned long long>(expected_bytes / 1'000'000));
      }
    }
    if (ready <= 0) continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (output.size() < kMaxOutput) output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return output;
}

// A crash of the host must not leave an image whose name promises contents that never reached the disk.
void write_to_disk(const std::string& image) {
  const UniqueFd fd(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fdatasync(fd.get()) != 0) throw Error::from_errno("write image to disk", image);
}

}  // namespace

void make_erofs(const std::string& image, const std::string& directory, const std::string& uuid_seed,
                std::uint64_t expected_bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::from_errno("create pipe for", "mkfs.erofs");
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);

  const std::string uuid = uuid_from(uuid_seed);
  // -x-1: no extended attributes. noinline_data: the tails of regular files in pages of their own, so that every page
  // of a file can be mapped (mkfs.erofs(1) calls it FSDAX). Extended inodes carry mtime to the nanosecond.
  const std::vector<const char*> arguments = {
      "mkfs.erofs",  "--quiet",         "-x-1", "-E", "noinline_data,force-inode-extended", "-U", uuid.c_str(),
      image.c_str(), directory.c_str(), nullptr};
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw Error::from_errno("start", "mkfs.erofs");
  if (child == 0) run_in_child(arguments, writer.get(), parent);
  writer.reset();

  const std::string output = collect(reader.get(), directory, expected_bytes);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error::from_errno("wait for", "mkfs.erofs");
  }
  if (WIFSIGNALED(status)) {
    throw Error("build the image of", directory, "mkfs.erofs was killed by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) == kExecFailed) {
    throw Error("build the image of", directory, "mkfs.erofs not found",
                "install erofs-utils (apt-get install erofs-utils)");
  }
  if (WEXITSTATUS(status) != 0) {
    const std::string complaint = first_complaint(output);
    throw Error("build the image of", directory,
                "mkfs.erofs: " + (complaint.empty() ? "status " + std::to_string(WEXITSTATUS(status)) : complaint));
  }
  write_to_disk(image);
}

}  // namespace husk::image
