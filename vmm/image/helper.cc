#include "vmm/image/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>

#include "common/unique_fd.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/confinement.h"
#include "vmm/log.h"

namespace husk::image {
namespace {

constexpr int kPatienceMs = 2000;  // how long the work may take before the user is told what is going on
constexpr std::size_t kMaxOutput = 64 * 1024;
constexpr int kFailed = 1;

// What the process says is lines: of this kind for the log, and one of the other if it fails.
constexpr std::string_view kNote = "husk: ";
constexpr std::string_view kComplaint = "failed: ";

void write_line(std::string_view kind, std::string_view text) {
  std::string line(kind);
  for (const char c : text) line += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;  // it may quote a name
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

[[noreturn]] void work_confined(const Confinement& confinement, int output, pid_t parent, const HelperWork& work) {
  // Standard error is the caller's until the confinement is entered, so what fails before goes there as well.
  ::dup2(output, STDERR_FILENO);
  try {
    confinement.enter(output, parent);
    work(confinement.tree(), confinement.image());
    ::_exit(0);
  } catch (const std::bad_alloc&) {
    write_line(kComplaint, "there is not enough memory");
  } catch (const std::exception& error) {
    write_line(kComplaint, error.what());
  }
  ::_exit(kFailed);
}

// Reads what the process says until it closes its end.
std::string collect(int fd, const std::string& notice) {
  std::string output;
  std::array<char, 4096> buffer{};
  int patience = kPatienceMs;
  for (;;) {
    pollfd waiter{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiter, 1, patience);
    if (ready < 0 && errno != EINTR) break;
    if (ready == 0) {
      patience = -1;
      if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "husk: %s\n", notice.c_str());
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

// Logs the notes and returns the complaint. The process may have been taken over: what it says is shown, not believed.
std::string judge_output(std::string_view output) {
  std::string complaint;
  while (!output.empty()) {
    std::string line(output.substr(0, output.find('\n')));
    output.remove_prefix(std::min(line.size() + 1, output.size()));
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
    }
    if (line.starts_with(kNote)) {
      log::write(log::Severity::kInfo, line.substr(kNote.size()));
    } else if (complaint.empty()) {
      complaint = line.starts_with(kComplaint) ? line.substr(kComplaint.size()) : line;
    }
  }
  return complaint;
}

}  // namespace

void helper_note(std::string_view line) {
  write_line(kNote, line);
}

void run_helper(const HelperJob& job, const HelperWork& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::from_errno(job.task, job.directory);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const Confinement confinement(job.directory, job.image_fd, job.max_bytes, draw_user());
  const ChildrenLeaveStatus children;
  const pid_t parent = ::getpid();
  // fork(2) and not another program: what husk knows is no secret to a tree of its caller's, and glibc's fork leaves
  // malloc usable even where there are threads.
  const pid_t child = ::fork();
  if (child < 0) throw Error::from_errno(job.task, job.directory);
  if (child == 0) work_confined(confinement, writer.get(), parent, work);
  writer.reset();

  const std::string complaint = judge_output(collect(reader.get(), job.notice));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error::from_errno(job.task, job.directory);
  }
  if (WIFSIGNALED(status)) {
    throw Error(job.task, job.directory, "what makes it was killed by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    throw Error(job.task, job.directory,
                complaint.empty() ? "status " + std::to_string(WEXITSTATUS(status)) : complaint);
  }
}

}  // namespace husk::image
