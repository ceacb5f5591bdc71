#include "tools/compare/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "tools/compare/null_device.h"
#include "tools/compare/process_tree.h"
#include "tools/compare/spawn.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

volatile std::sig_atomic_t interrupted = 0;
int uninterruptible = 0;
sigset_t mask_while_waiting;

constexpr std::array kInterrupts = {SIGINT, SIGTERM, SIGHUP};

// poll(2) that sees every interrupt: the signals are blocked but for the time in ppoll(2). False on timeout.
bool wait_readable_ns(std::span<pollfd> events, std::uint64_t timeout_ns) {
  const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000),
                         static_cast<long>(timeout_ns % 1'000'000'000)};
  for (;;) {
    if (interrupted != 0 && uninterruptible == 0) throw Interrupted();
    const int ready = ppoll(events.data(), events.size(), &timeout, &mask_while_waiting);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw Error::from_errno("wait for", "a runner");
  }
}

bool wait_readable(std::span<pollfd> events, int timeout_ms) {
  return wait_readable_ns(events, static_cast<std::uint64_t>(timeout_ms) * 1'000'000);
}

// Children that are no orphans: those that were started here and not yet waited for, and those that came with exec.
std::set<pid_t>& known_children() {
  static std::set<pid_t> pids;
  return pids;
}

bool wait_readable(int fd, int timeout_ms) {
  pollfd event{fd, POLLIN, 0};
  return wait_readable(std::span(&event, 1), timeout_ms);
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error::from_errno("make", "a pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

int left_of(int limit_ms, std::uint64_t begin_ns) {
  const auto gone_ms = static_cast<std::int64_t>((monotonic_ns() - begin_ns) / 1'000'000);
  return static_cast<int>(std::max<std::int64_t>(0, limit_ms - gone_ms));
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signo : kInterrupts) {
    sigaction(signo, &action, nullptr);
    sigaddset(&blocked, signo);
  }
  sigprocmask(SIG_BLOCK, &blocked, &mask_while_waiting);
  for (const int signo : kInterrupts) sigdelset(&mask_while_waiting, signo);
}

void acknowledge_interrupt() {
  interrupted = 0;
}

Uninterruptible::Uninterruptible() {
  ++uninterruptible;
}

Uninterruptible::~Uninterruptible() {
  --uninterruptible;
}

Process Process::start(const std::vector<std::string>& command, Streams streams, GroupSpawner* group) {
  Process process;
  UniqueFd child_input, child_output;
  Spawn request{.command = command, .input = null_device(), .output = null_device()};
  if (streams == Streams::kPipes) {
    std::tie(child_input, process.input_) = make_pipe();
    std::tie(process.output_, child_output) = make_pipe();
    request.input = child_input.get();
    request.output = child_output.get();
  } else if (streams == Streams::kFile) {
    process.output_.reset(memfd_create("stdout", MFD_CLOEXEC));
    request.output = process.output_.get();
  }
  process.errors_.reset(memfd_create("stderr", MFD_CLOEXEC));
  request.errors = process.errors_.get();
  if (group != nullptr) {
    group->spawn(request);
  } else {
    spawn(request);
  }
  process.pid_ = request.pid;
  process.start_ns_ = request.start_ns;
  if (request.error != 0) {
    errno = request.error;
    throw Error::from_errno("start", command[0]);
  }
  known_children().insert(process.pid_);
  process.pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, process.pid_, 0)));
  if (!process.pidfd_) throw Error::from_errno("open", "a pidfd");
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      start_ns_(other.start_ns_),
      end_ns_(other.end_ns_),
      peak_resident_(other.peak_resident_),
      exit_status_(other.exit_status_) {}

Process::~Process() {
  end();
}

bool Process::wait(int timeout_ms) {
  if (end_ns_ != 0) return true;
  if (!wait_readable(pidfd_.get(), timeout_ms)) return false;
  int status = 0;
  rusage usage{};
  while (wait4(pid_, &status, 0, &usage) < 0) {
    if (errno != EINTR) throw Error::from_errno("wait for", "a runner");
  }
  end_ns_ = monotonic_ns();
  known_children().erase(pid_);
  peak_resident_ = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

std::string Process::read_output(std::size_t count, int timeout_ms) {
  std::string output;
  std::array<char, 4096> buffer;
  const std::uint64_t begin = monotonic_ns();
  while (output.size() < count && wait_readable(output_.get(), left_of(timeout_ms, begin))) {
    const ssize_t got = read(output_.get(), buffer.data(), std::min(buffer.size(), count - output.size()));
    if (got <= 0) break;
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return output;
}

std::string Process::output(std::size_t most) const {
  std::string text(most, '\0');
  const ssize_t got = pread(output_.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::string Process::errors() const {
  std::string text(64 * 1024, '\0');
  const off_t size = lseek(errors_.get(), 0, SEEK_END);
  const off_t start = std::max<off_t>(0, size - static_cast<off_t>(text.size()));
  const ssize_t got = pread(errors_.get(), text.data(), text.size(), start);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::string Process::last_error_line() const {
  std::string text = errors();
  while (text.ends_with('\n')) text.pop_back();
  const std::size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

void Process::end(int patience_ms) {
  if (pid_ < 0 || end_ns_ != 0) return;
  // Not interruptible: the user may press Ctrl-C again, and nothing may stay behind.
  input_.reset();
  kill(pid_, SIGTERM);
  pollfd event{pidfd_.get(), POLLIN, 0};
  if (poll(&event, 1, patience_ms) <= 0) kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  end_ns_ = monotonic_ns();
  known_children().erase(pid_);
  kill(-pid_, SIGKILL);  // what it left in its process group
}

std::size_t wait_any(std::span<Process* const> processes, int timeout_ms) {
  return wait_any_until(processes, monotonic_ns() + static_cast<std::uint64_t>(timeout_ms) * 1'000'000);
}

std::size_t wait_any_until(std::span<Process* const> processes, std::uint64_t until_ns) {
  std::vector<pollfd> events;
  // poll(2) ignores negative descriptors.
  for (const Process* process : processes) {
    events.push_back({process != nullptr ? process->pidfd_.get() : -1, POLLIN, 0});
  }
  const std::uint64_t now = monotonic_ns();
  if (!wait_readable_ns(events, until_ns - std::min(until_ns, now))) return processes.size();
  const auto ready = std::ranges::find_if(events, [](const pollfd& event) { return event.revents != 0; });
  return static_cast<std::size_t>(ready - events.begin());
}

void adopt_orphans() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1UL) != 0) throw Error::from_errno("become", "the reaper of orphans");
  for (const pid_t pid : children_of(getpid())) known_children().insert(pid);
}

std::vector<pid_t> orphans() {
  std::vector<pid_t> pids = children_of(getpid());
  std::erase_if(pids, [](pid_t pid) { return known_children().contains(pid); });
  return pids;
}

bool settle_orphans(int patience_ms) {
  constexpr timespec kPause{0, 500'000};
  // Who was killed ends as soon as it gets a processor: on a busy machine that takes longer than a short patience.
  constexpr std::uint64_t kLeastForTheKilledNs = 10'000'000'000;
  const std::uint64_t patience_ns = static_cast<std::uint64_t>(patience_ms) * 1'000'000;
  const std::uint64_t kill_ns = monotonic_ns() + patience_ns;
  bool in_peace = true;
  for (std::vector<pid_t> left = orphans(); !left.empty(); left = orphans()) {
    const std::uint64_t now = monotonic_ns();
    if (now > kill_ns + std::max(patience_ns, kLeastForTheKilledNs))
      throw Error("end", "process " + std::to_string(left[0]), "it cannot be killed");
    if (now > kill_ns) in_peace = false;
    bool has_reaped = false;
    for (const pid_t pid : left) {
      if (!in_peace) kill(pid, SIGKILL);
      has_reaped |= waitpid(pid, nullptr, WNOHANG) == pid;
    }
    if (!has_reaped) nanosleep(&kPause, nullptr);
  }
  return in_peace;
}

std::optional<std::string> output_of(const std::vector<std::string>& command) {
  constexpr int kTimeoutMs = 10'000;
  constexpr std::size_t kMost = 64 * 1024;
  if (find_program(command[0]).empty()) return std::nullopt;
  Process process = Process::start(command, Process::Streams::kPipes);
  process.close_input();
  std::string output = process.read_output(kMost, kTimeoutMs);
  if (!process.wait(kTimeoutMs) || process.exit_status() != 0) return std::nullopt;
  return output;
}

std::string version_of(const std::string& program) {
  const std::string text = output_of({program, "--version"}).value_or("");
  return text.substr(0, text.find('\n'));
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  // Debian keeps runc in /usr/sbin, which is not in the PATH of an ordinary user.
  std::istringstream directories(std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin");
  std::string directory;
  while (std::getline(directories, directory, ':')) {
    const std::string candidate = directory + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

}  // namespace husk::compare
