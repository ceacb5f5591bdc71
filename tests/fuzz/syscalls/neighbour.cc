// A process that lives beside the fuzzing ones and checks what is its own. Where memory or names are short it goes
// without: that is no corruption.
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tests/fuzz/syscalls/random.h"
#include "tests/fuzz/syscalls/registers.h"
#include "tests/fuzz/syscalls/watchers.h"

namespace fuzz {
namespace {

constexpr unsigned kFiles = 4;

volatile sig_atomic_t queued_seen, alarms_seen;
volatile int last_value;
void on_queued(int, siginfo_t* information, void*) {
  queued_seen = queued_seen + 1;
  last_value = information->si_value.sival_int;
}
void on_alarm(int) {
  alarms_seen = alarms_seen + 1;
}

class Neighbour {
 public:
  Neighbour(Board& board, const char* directory, bool slow);
  void round(std::uint64_t number);

 private:
  void check_memory(std::uint64_t number);
  void check_fork(std::uint64_t number);
  void check_files(std::uint64_t number);
  void check_pipe(std::uint64_t number);
  void check_registers(std::uint64_t number);
  void check_signals(std::uint64_t number);
  void check_names();
  void check_program(std::uint64_t number);
  void check_identity();

  // Fails unless there was too little of something.
  void failed_call(const char* what);
  std::uint64_t key(std::uint64_t number, unsigned part) const { return (number << 8 | part) * 0x1'0001; }

  Board& board_;
  bool slow_;
  std::vector<std::uint64_t> memory_;
  std::uint64_t* shared_ = nullptr;  // the first file, mapped
  int files_[kFiles];
  int pipe_[2];
  std::uint64_t in_pipe_ = 0, in_files_ = 0;  // the rounds that wrote what is there now
  ino_t directory_;
};

void fill(std::uint64_t* words, std::size_t count, std::uint64_t key) {
  Random random(key);
  for (std::size_t index = 0; index < count; ++index) words[index] = random.next();
}
std::size_t first_difference(const std::uint64_t* words, std::size_t count, std::uint64_t key) {
  Random random(key);
  for (std::size_t index = 0; index < count; ++index) {
    if (words[index] != random.next()) return index;
  }
  return count;
}
std::size_t words_of_file(unsigned file) {
  return 512 * (file + 1) - 3 * file;
}

void Neighbour::failed_call(const char* what) {
  switch (errno) {
    case ENOMEM:
    case ENOSPC:
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case EINTR:
      return;
    default:
      board_.fail("the neighbour's %s: %s", what, std::strerror(errno));
  }
}

Neighbour::Neighbour(Board& board, const char* directory, bool slow)
    : board_(board), slow_(slow), memory_(slow ? 2'048 : 32'768) {
  struct sigaction action = {};
  action.sa_sigaction = on_queued;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigaction(SIGRTMIN + 1, &action, nullptr);
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  struct stat status = {};
  if (::chdir(directory) != 0 || ::stat(".", &status) != 0 || ::pipe2(pipe_, O_NONBLOCK | O_CLOEXEC) != 0)
    board_.fail("the neighbour cannot begin: %s", std::strerror(errno));
  directory_ = status.st_ino;
  for (unsigned file = 0; file < kFiles; ++file) {
    files_[file] = ::open(("file" + std::to_string(file)).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    std::vector<std::uint64_t> words(words_of_file(file));
    fill(words.data(), words.size(), key(0, 10 + file));
    if (::pwrite(files_[file], words.data(), words.size() * 8, 0) != static_cast<ssize_t>(words.size() * 8))
      board_.fail("the neighbour cannot write its files: %s", std::strerror(errno));
  }
  void* mapped = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, files_[0], 0);
  if (mapped != MAP_FAILED) shared_ = static_cast<std::uint64_t*>(mapped);
  fill(memory_.data(), memory_.size(), key(0, 1));
}

void Neighbour::check_memory(std::uint64_t number) {
  const std::size_t at = first_difference(memory_.data(), memory_.size(), key(number, 1));
  if (at != memory_.size())
    board_.fail("the neighbour's memory: %#lx at %p", static_cast<unsigned long>(memory_[at]),
                static_cast<void*>(&memory_[at]));
  fill(memory_.data(), memory_.size(), key(number + 1, 1));
}

// What a child writes after a fork is its own.
void Neighbour::check_fork(std::uint64_t number) {
  const pid_t child = ::fork();
  if (child < 0) return failed_call("fork");
  if (child == 0) {
    if (first_difference(memory_.data(), memory_.size(), key(number + 1, 1)) != memory_.size()) ::_exit(3);
    fill(memory_.data(), memory_.size(), key(number, 99));
    if (first_difference(memory_.data(), memory_.size(), key(number, 99)) != memory_.size()) ::_exit(4);
    ::_exit(42);
  }
  int status = 0;
  pid_t waited;
  while ((waited = ::waitpid(child, &status, 0)) < 0 && errno == EINTR) continue;
  if (waited != child) board_.fail("the neighbour waits for %d: %d, %s", child, waited, std::strerror(errno));
  const bool for_want_of_memory = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (!for_want_of_memory && (!WIFEXITED(status) || WEXITSTATUS(status) != 42))
    board_.fail("the neighbour's child: wait status %#x (3, 4: its memory)", static_cast<unsigned>(status));
}

void Neighbour::check_files(std::uint64_t number) {
  for (unsigned file = 0; file < kFiles; ++file) {
    std::vector<std::uint64_t> words(words_of_file(file) + 64);
    const ssize_t length = ::pread(files_[file], words.data(), words.size() * 8, 0);
    if (length < 0) return failed_call("read of a file");
    const auto count = static_cast<std::size_t>(length) / 8;
    if (count != words_of_file(file)) return board_.fail("the neighbour's file %u has %zd bytes", file, length);
    const std::size_t at = first_difference(words.data(), count, key(in_files_, 10 + file));
    if (at != count)
      return board_.fail("the neighbour's file %u: %#lx at %zu", file, static_cast<unsigned long>(words[at]), at * 8);
  }
  if (shared_ != nullptr && first_difference(shared_, 512, key(in_files_, 10)) != 512)
    board_.fail("the neighbour's mapped file differs from the file");
  for (unsigned file = 0; file < kFiles; ++file) {
    std::vector<std::uint64_t> words(words_of_file(file));
    fill(words.data(), words.size(), key(number + 1, 10 + file));
    // The pages are there, so this cannot fail for want of memory.
    const ssize_t length = ::pwrite(files_[file], words.data(), words.size() * 8, 0);
    if (length != static_cast<ssize_t>(words.size() * 8))
      return board_.fail("the neighbour's file %u took %zd bytes: %s", file, length, std::strerror(errno));
  }
  in_files_ = number + 1;
}

// What is in the pipe stays there while the others run.
void Neighbour::check_pipe(std::uint64_t number) {
  std::uint64_t words[400];
  if (in_pipe_ != 0) {
    const ssize_t length = ::read(pipe_[0], words, sizeof words);
    if (length != static_cast<ssize_t>(sizeof words))
      return board_.fail("the neighbour's pipe gave %zd bytes: %s", length, std::strerror(errno));
    if (first_difference(words, 400, key(in_pipe_, 50)) != 400)
      return board_.fail("the neighbour's pipe gave other bytes");
  }
  fill(words, 400, key(number + 1, 50));
  in_pipe_ = 0;
  const ssize_t length = ::write(pipe_[1], words, sizeof words);
  if (length == static_cast<ssize_t>(sizeof words)) {
    in_pipe_ = number + 1;
  } else if (length < 0) {
    failed_call("write to its pipe");
  } else {
    board_.fail("the neighbour's pipe took %zd bytes of %zu", length, sizeof words);
  }
}

void Neighbour::check_registers(std::uint64_t number) {
  RegisterFile in, out;
  auto* words = reinterpret_cast<std::uint64_t*>(&in);
  fill(words, sizeof in / 8, key(number, 60));
  std::memset(&out, 0, sizeof out);
  hold_registers(&in, &out, 4'000'000);
  if (std::memcmp(in.vectors, out.vectors, sizeof in.vectors) != 0)
    board_.fail("the neighbour's vector registers changed");
  if (std::memcmp(in.general, out.general, sizeof in.general) != 0) board_.fail("the neighbour's registers changed");
}

void Neighbour::check_signals(std::uint64_t number) {
  const int before = queued_seen;
  const auto value = static_cast<int>(number * 7 + 1);
  if (::sigqueue(::getpid(), SIGRTMIN + 1, {.sival_int = value}) != 0) return failed_call("sigqueue");
  // It is this thread's own, and not blocked: it comes before sigqueue(3) returns (POSIX.1-2017, sigqueue).
  if (queued_seen != before + 1 || last_value != value)
    board_.fail("the neighbour's signal: %d came, value %d for %d", queued_seen - before, last_value, value);
  // A timer of 2 ms comes within the next rounds; that none came in 64 of them is a lost one.
  if (number % 64 == 0) {
    if (number != 0 && alarms_seen == 0) board_.fail("the neighbour's timers do not expire");
    alarms_seen = 0;
    const itimerval timer{{0, 0}, {0, 2'000}};
    if (::setitimer(ITIMER_REAL, &timer, nullptr) != 0) failed_call("setitimer");
  }
}

void Neighbour::check_names() {
  DIR* directory = ::opendir(".");
  if (directory == nullptr) return failed_call("opendir");
  unsigned count = 0;
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.';
  ::closedir(directory);
  if (count != kFiles) board_.fail("the neighbour's directory has %u names for %u", count, kFiles);
  if (::link("file0", "second") != 0) return failed_call("link");
  struct stat one = {}, other = {};
  if (::stat("file0", &one) != 0 || ::stat("second", &other) != 0 || one.st_ino != other.st_ino || one.st_nlink != 2)
    board_.fail("the neighbour's link: inodes %lu and %lu, %lu links", one.st_ino, other.st_ino, one.st_nlink);
  if (::rename("second", "third") != 0 || ::unlink("third") != 0) failed_call("rename");
}

// A program of the image, its arguments and what it writes.
void Neighbour::check_program(std::uint64_t number) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return failed_call("pipe");
  const std::string argument = "round-" + std::to_string(number), expected = argument + " x y\n";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out[1], 1);
    ::execl("/bin/busybox", "echo", argument.c_str(), "x", "y", nullptr);
    ::_exit(errno == ENOMEM || errno == EMFILE || errno == ENFILE ? 77 : 126);
  }
  ::close(out[1]);
  std::string text;
  char buffer[256];
  ssize_t length;
  while ((length = ::read(out[0], buffer, sizeof buffer)) > 0 || (length < 0 && errno == EINTR)) {
    if (length > 0) text.append(buffer, static_cast<std::size_t>(length));
  }
  ::close(out[0]);
  if (child < 0) return failed_call("fork");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  const bool for_want_of_memory =
      (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || (WIFEXITED(status) && WEXITSTATUS(status) == 77);
  if (!for_want_of_memory && (status != 0 || text != expected))
    board_.fail("the neighbour's program: wait status %#x, output \"%.60s\"", static_cast<unsigned>(status),
                text.c_str());
}

void Neighbour::check_identity() {
  struct stat status = {};
  if (::getuid() != kNeighbourUser || ::geteuid() != kNeighbourUser || ::getgid() != kNeighbourUser)
    board_.fail("the neighbour is user %u, %u", ::getuid(), ::geteuid());
  if (::getsid(0) != ::getpid() || ::getpgrp() != ::getpid()) board_.fail("the neighbour's session is %d", ::getsid(0));
  if (::stat(".", &status) != 0 || status.st_ino != directory_) board_.fail("the neighbour's directory is another one");
  struct rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur != 100)
    board_.fail("the neighbour's limit is %lu", limit.rlim_cur);
  sigset_t pending;
  if (::sigpending(&pending) != 0 || ::sigismember(&pending, SIGUSR1) != 0)
    board_.fail("somebody signalled the neighbour");
}

void Neighbour::round(std::uint64_t number) {
  check_memory(number);
  check_files(number);
  check_pipe(number);
  check_signals(number);
  check_registers(number);
  check_identity();
  if (number % 4 == 0) check_fork(number);
  if (number % 4 == 1) check_names();
  if (number % (slow_ ? 64 : 16) == 2) check_program(number);
}

}  // namespace

void run_neighbour(Board& board, const char* directory, bool slow) {
  // Signals of others never come; these would stay pending and be seen.
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  const rlimit limit{100, 100};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  Neighbour neighbour(board, directory, slow);
  for (std::uint64_t number = 0;; ++number) {
    neighbour.round(number);
    board.neighbour_rounds = number + 1;
    if (board.failed != 0) ::_exit(1);
    ::usleep(slow ? 500'000 : 20'000);
  }
}

}  // namespace fuzz
