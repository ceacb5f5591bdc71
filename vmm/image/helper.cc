#include "vmm/image/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>

#include "common/unique_fd.h"
#include "vmm/descriptors.h"
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

// Reads what the process says until it closes its end, but no more of it than it may say.
void collect(int fd, const std::string& notice, const std::function<void(std::string_view)>& sink) {
  std::size_t said = 0;
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
    if (said < kMaxOutput) sink({buffer.data(), static_cast<std::size_t>(got)});
    said += static_cast<std::size_t>(got);
  }
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

// What the process has said, line by line. It may have been taken over: it is shown, not believed.
class Listener {
 public:
  // `other` gets the lines that are of neither kind; without it they are complaints.
  explicit Listener(std::function<void(std::string_view)> other = {}) : other_(std::move(other)) {}

  void hear(std::string_view bytes) {
    for (const char c : bytes) {
      if (c == '\n') {
        end_line();
      } else {
        line_ += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;
      }
    }
  }

  const std::string& complaint() {
    if (!line_.empty()) end_line();
    return complaint_;
  }

 private:
  void end_line() {
    const std::string line = std::exchange(line_, {});
    if (line.starts_with(kNote)) {
      log::write(log::Severity::kInfo, line.substr(kNote.size()));
    } else if (line.starts_with(kComplaint)) {
      if (complaint_.empty()) complaint_ = line.substr(kComplaint.size());
    } else if (other_) {
      other_(line);
    } else if (complaint_.empty()) {
      complaint_ = line;
    }
  }

  std::function<void(std::string_view)> other_;
  std::string line_;
  std::string complaint_;
};

// Waits for the process; throws what it has complained of, if it has failed.
void require_success(pid_t child, const std::string& task, const std::string& object, const std::string& complaint) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error::from_errno(task, object);
  }
  if (WIFSIGNALED(status)) {
    throw Error(task, object, "what does it was killed by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) != 0) {
    throw Error(task, object, complaint.empty() ? "status " + std::to_string(WEXITSTATUS(status)) : complaint);
  }
}

struct Pipe {
  explicit Pipe(const char* what) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::from_errno("create pipe for", what);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  UniqueFd reader, writer;
};

// husk's own directory is where its programs are; who can write there can change husk as well.
UniqueFd open_program(const std::string& name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (self.parent_path() / name).string();
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) throw Error::from_errno("run", path, "it is built together with husk and belongs beside it");
  return fd;
}

[[noreturn]] void become_program(const HelperProgram& program, int file, int input, int output) {
  try {
    // The three are above 2: husk opens what is missing of these at its start.
    if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0) {
      throw Error::from_errno("arrange", "descriptors");
    }
    std::vector<int> kept = program.descriptors;
    kept.push_back(file);
    keep_only(kept);
    for (const int descriptor : program.descriptors) ::fcntl(descriptor, F_SETFD, 0);
    std::vector<char*> words{const_cast<char*>(program.name.c_str())};
    for (const std::string& argument : program.arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    std::array<char*, 1> no_environment{};
    ::syscall(SYS_execveat, file, "", words.data(), no_environment.data(), AT_EMPTY_PATH);
    throw Error::from_errno("run", program.name);
  } catch (const std::exception& error) {
    write_line(kComplaint, error.what());
  }
  ::_exit(kFailed);
}

}  // namespace

void helper_note(std::string_view line) {
  write_line(kNote, line);
}

void helper_complaint(std::string_view why) {
  write_line(kComplaint, why);
}

void run_helper(const HelperJob& job, const HelperWork& work) {
  Pipe said("the image's maker");
  const Confinement confinement(job.directory, job.image_fd, job.max_bytes, draw_user());
  const ChildrenLeaveStatus children;
  const pid_t parent = ::getpid();
  // fork(2) and not another program: what husk knows is no secret to a tree of its caller's, and glibc's fork leaves
  // malloc usable even where there are threads.
  const pid_t child = ::fork();
  if (child < 0) throw Error::from_errno(job.task, job.directory);
  if (child == 0) work_confined(confinement, said.writer.get(), parent, work);
  said.writer.reset();

  Listener listener;
  collect(said.reader.get(), job.notice, [&](std::string_view bytes) { listener.hear(bytes); });
  require_success(child, job.task, job.directory, listener.complaint());
}

void run_helper_program(const HelperProgram& program, const std::function<bool(std::string_view)>& answer) {
  const UniqueFd file = open_program(program.name);
  Pipe said("what reads the image");
  Pipe answers("what reads the image");
  const ChildrenLeaveStatus children;
  const pid_t child = ::fork();
  if (child < 0) throw Error::from_errno(program.task, program.object);
  if (child == 0) become_program(program, file.get(), answers.reader.get(), said.writer.get());
  said.writer.reset();
  answers.reader.reset();
  Listener listener([&](std::string_view line) {
    if (!answers.writer || !answer(line)) return answers.writer.reset();
    // It fails if the program has ended, which is found out next. (husk has SIGPIPE ignored.)
    [[maybe_unused]] const ssize_t written = ::write(answers.writer.get(), "y", 1);
  });
  collect(said.reader.get(), program.notice, [&](std::string_view bytes) { listener.hear(bytes); });
  require_success(child, program.task, program.object, listener.complaint());
}

}  // namespace husk::image
