#include "vmm/image/mkfs_erofs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/confinement.h"
#include "vmm/log.h"

namespace husk::image {
namespace {

constexpr int kPatienceMs = 2000;  // how long a build may take before the user is told what is going on
constexpr std::size_t kMaxOutput = 64 * 1024;

// How much larger than expected an image may become: what alignment costs. Beyond it, files have grown.
constexpr std::uint64_t kSlack = 64 << 20;

// A UUID that depends on the tree only, so that equal trees give equal file systems.
std::string uuid_from(const std::string& digest) {
  std::string uuid = digest.substr(0, 32);
  for (const std::size_t at : {8, 13, 18, 23}) uuid.insert(at, "-");
  return uuid;
}

// Root's PATH may be somebody else's (su without -, a service's environment), so root looks where the system has its
// programs.
std::string find_program() {
  const char* own = ::geteuid() == 0 ? nullptr : std::getenv("PATH");
  std::string_view path = own != nullptr ? own : "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin";
  while (!path.empty()) {
    const std::string_view directory = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(directory.size() + 1, path.size()));
    if (!directory.starts_with('/')) continue;  // not from wherever one happens to be
    std::string program = std::string(directory) + "/mkfs.erofs";
    struct stat status {};
    if (::stat(program.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return {};
}

// The first complaint in mkfs.erofs's output. Its lines look like "<E> erofs: text"; usage text follows some of them.
std::string first_complaint(const std::string& output) {
  std::size_t at = output.find("<E>");
  at = at == std::string::npos ? 0 : at + 3;
  std::string line = output.substr(at, output.find('\n', at) - at);
  const std::size_t start = line.find_first_not_of(" \t");
  line = start == std::string::npos ? std::string() : line.substr(start);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';  // it may quote a name
  }
  return line;
}

// Takes the lines out that the child wrote before it became mkfs.erofs.
void log_own_lines(std::string& output) {
  constexpr std::string_view kOwn = "husk: ";
  while (output.starts_with(kOwn)) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    log::write(log::Severity::kInfo, output.substr(kOwn.size(), end - kOwn.size()));
    output.erase(0, end + 1);
  }
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

// With SIGCHLD ignored, which husk may have inherited, a child leaves no status to wait for (wait(2)).
class ChildrenLeaveStatus {
 public:
  ChildrenLeaveStatus() {
    struct sigaction normal {};
    normal.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &normal, &before_);
  }
  ChildrenLeaveStatus(const ChildrenLeaveStatus&) = delete;
  ChildrenLeaveStatus& operator=(const ChildrenLeaveStatus&) = delete;
  ~ChildrenLeaveStatus() { ::sigaction(SIGCHLD, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

// The child's group may write to the image while the child is at work. Nobody else reaches the file: its directory is
// open to the owner alone.
class GroupMayWrite {
 public:
  explicit GroupMayWrite(int fd) : fd_(::geteuid() == 0 ? fd : -1) {
    if (fd_ < 0) return;
    if (!give_to(draw_user()) && !give_to(kNobody)) {
      // Where root cannot do this it cannot change the child's user either.
      log::write(log::Severity::kInfo, "mkfs.erofs keeps the group of its caller");
    }
  }
  GroupMayWrite(const GroupMayWrite&) = delete;
  GroupMayWrite& operator=(const GroupMayWrite&) = delete;
  ~GroupMayWrite() {
    if (fd_ < 0) return;
    ::fchmod(fd_, 0600);
    [[maybe_unused]] const int result = ::fchown(fd_, ~uid_t{0}, ::getegid());
  }

  uid_t user() const { return user_; }  // whose group it is

 private:
  bool give_to(uid_t user) {
    user_ = user;
    return ::fchown(fd_, ~uid_t{0}, user) == 0 && ::fchmod(fd_, 0660) == 0;
  }

  int fd_;
  uid_t user_ = kNobody;
};

void judge(int status, const std::string& output, const std::string& directory) {
  if (WIFSIGNALED(status)) {
    throw Error("build the image of", directory, "mkfs.erofs was killed by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) == 0) return;
  const std::string complaint = first_complaint(output);
  throw Error("build the image of", directory,
              "mkfs.erofs: " + (complaint.empty() ? "status " + std::to_string(WEXITSTATUS(status)) : complaint));
}

}  // namespace

void make_erofs(const ErofsJob& job) {
  std::string program = job.program.empty() ? find_program() : job.program;
  if (program.empty()) {
    throw Error("build the image of", job.directory, "mkfs.erofs not found",
                "install erofs-utils (apt-get install erofs-utils)");
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::from_errno("create pipe for", "mkfs.erofs");
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);

  // -x-1: no extended attributes. noinline_data: the tails of regular files in pages of their own, so that every page
  // of a file can be mapped (mkfs.erofs(1) calls it FSDAX). Extended inodes carry mtime to the nanosecond.
  const std::uint64_t most =
      job.expected_bytes > ~std::uint64_t{0} - kSlack ? ~std::uint64_t{0} : job.expected_bytes + kSlack;
  const GroupMayWrite group(job.image_fd);
  const Confinement confinement({std::move(program), "--quiet", "-x-1", "-E", "noinline_data,force-inode-extended",
                                 "-U", uuid_from(job.uuid_seed), kHelperImage, job.directory},
                                job.directory, job.image_fd, most, group.user());
  const ChildrenLeaveStatus children;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw Error::from_errno("start", "mkfs.erofs");
  if (child == 0) confinement.execute(writer.get(), parent);
  writer.reset();

  std::string output = collect(reader.get(), job.directory, job.expected_bytes);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error::from_errno("wait for", "mkfs.erofs");
  }
  log_own_lines(output);
  judge(status, output, job.directory);
}

}  // namespace husk::image
