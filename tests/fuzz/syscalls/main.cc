// The supervisor of the system call fuzzer, process 1 of the container:
//   fuzz_syscalls --where ring3|ring0|native [--seed N] [--seconds N] [--epoch-ms N] [--families N] [--limit-ms N]
//                 [--entry ADDRESS] [--epoch N] [--family N] [--calls N] [--without N-M,N] [--trace]
//
// Families of processes make calls for the length of an epoch. Then all of them are killed, and that they have ended is
// checked, too. What a family does follows from the seed, the epoch and the family's number: --seed, --epoch and
// --family repeat it, as far as what the others did does not matter; --trace says each call before it is made.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/syscalls/family.h"
#include "tests/fuzz/syscalls/kinds.h"
#include "tests/fuzz/syscalls/random.h"
#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/watchers.h"
#include "tests/fuzz/syscalls/worker.h"

namespace fuzz {
namespace {

struct Options {
  Where where = Where::kNative;
  std::uint64_t seed = 0, seconds = 10, epoch_ms = 2'000, families = 6, limit_ms = 2'000, entry = 0;
  std::uint64_t first_epoch = 0, only_family = ~0ull, calls = ~0ull;
  bool one_epoch = false, trace = false;
};

std::uint64_t now_ms() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

class Supervisor {
 public:
  explicit Supervisor(const Options& options);
  int run();

 private:
  struct Family {
    pid_t leader = 0;
    std::uint64_t turn = 0, made_before = 0, still_since = 0;
  };

  void start_watchers();
  void start_family(unsigned index);
  void epoch(std::uint64_t number);
  bool reap();
  void wake_still(unsigned index);
  void end_everybody();
  std::vector<pid_t> others();
  void clean();
  void dump();
  std::uint64_t free_memory_kib();

  const Options options_;
  Block* blocks_ = nullptr;
  Board* board_ = nullptr;
  int blocks_fd_ = -1, proc_ = -1, work_ = -1;
  pid_t watchdog_ = 0, neighbour_ = 0;
  std::vector<Family> families_;
  std::uint64_t epoch_ = 0, calls_ = 0, refused_ = 0, processes_ = 0, first_free_ = 0, longest_end_ms_ = 0;
};

Supervisor::Supervisor(const Options& options) : options_(options), families_(options.families) {
  const std::size_t size = options.families * sizeof(Block);
  blocks_fd_ = ::memfd_create("blocks", MFD_CLOEXEC);
  void* memory = MAP_FAILED;
  if (blocks_fd_ >= 0 && ::ftruncate(blocks_fd_, static_cast<off_t>(size)) == 0)
    memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, blocks_fd_, 0);
  void* board = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  proc_ = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ::umask(022);
  if (memory == MAP_FAILED || board == MAP_FAILED || proc_ < 0 || ::mkdir("/tmp/watch", 0755) != 0 ||
      ::chown("/tmp/watch", kNeighbourUser, kNeighbourUser) != 0 || ::mkdir("/tmp/fuzz", 0755) != 0 ||
      (work_ = ::open("/tmp/fuzz", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
    std::perror("fuzz_syscalls: cannot begin");
    std::exit(2);
  }
  blocks_ = static_cast<Block*>(memory);
  board_ = new (board) Board;
}

void Supervisor::start_watchers() {
  const auto start = [&](unsigned user, auto body) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      unblock_signals();
      // Where there is such a thing: what memory is short of is not the watchers' to give.
      const int adjust = ::open("/proc/self/oom_score_adj", O_WRONLY);
      if (adjust >= 0) static_cast<void>(::write(adjust, "-1000", 5));
      ::close(adjust);
      if (::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(3);
      body();
    }
    return child;
  };
  watchdog_ = start(kWatchdogUser, [&] {
    run_watchdog(*board_, blocks_, static_cast<unsigned>(options_.families), options_.limit_ms);
  });
  neighbour_ = start(kNeighbourUser, [&] { run_neighbour(*board_, "/tmp/watch", options_.where == Where::kRing0); });
}

void Supervisor::start_family(unsigned index) {
  Family& family = families_[index];
  family.still_since = now_ms();
  family.made_before = ~0ull;
  FamilyOptions options{};
  // In the guest every third family is root's.
  options.world = {options_.where,
                   options_.where != Where::kNative && index % 3 == 0,
                   std::max(watchdog_, neighbour_),
                   options_.entry,
                   nullptr,
                   ::getauxval(AT_SYSINFO_EHDR),
                   options_.trace};
  options.index = index;
  options.seed = seed_of(options_.seed, epoch_, index, family.turn++);
  options.calls = options_.calls;
  options.blocks = blocks_fd_;
  options.all_blocks = blocks_;
  options.block_count = static_cast<unsigned>(options_.families);
  ++processes_;
  const pid_t child = ::fork();
  if (child == 0) {
    unblock_signals();
    if (::fchdir(work_) != 0) ::_exit(3);
    run_family(options);
  }
  family.leader = child < 0 ? 0 : child;
}

// False when a watcher has ended.
bool Supervisor::reap() {
  int status = 0;
  pid_t child;
  while ((child = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (child == watchdog_ || child == neighbour_) {
      board_->fail("the %s ended: wait status %#x", child == watchdog_ ? "watchdog" : "neighbour",
                   static_cast<unsigned>(status));
      return false;
    }
    for (Family& family : families_) {
      if (family.leader == child) family.leader = 0;
    }
  }
  // Nobody here may signal it: the families that could are root's, and leave it alone (values.cc).
  sigset_t pending;
  ::sigpending(&pending);
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if (signal != SIGCHLD && ::sigismember(&pending, signal) == 1) board_->fail("process 1 got signal %d", signal);
  }
  return board_->failed == 0;
}

// A thread that waits for ever makes no calls: first a signal, then the end.
void Supervisor::wake_still(unsigned index) {
  Family& family = families_[index];
  const std::uint64_t made = blocks_[index].slots[0].made, now = now_ms();
  if (made != family.made_before) {
    family.made_before = made;
    family.still_since = now;
    return;
  }
  // Some wait for long, so that others find them waiting; where it waits least, most calls are made.
  std::uint64_t patience = index % 3 == 2 ? 100 : 10;
  if (options_.where == Where::kRing0) patience = made == 0 ? 8'000 : 10 * patience;
  if (now - family.still_since > patience + 400)
    ::kill(family.leader, SIGKILL);
  else if (now - family.still_since > patience)
    ::kill(family.leader, SIGUSR1);
}

void Supervisor::epoch(std::uint64_t number) {
  epoch_ = number;
  // A family of root's may have set the nice value of all that is root's, with setpriority(2).
  ::setpriority(PRIO_PROCESS, 0, 0);
  clean();
  std::printf("epoch %lu, %lu KiB free\n", static_cast<unsigned long>(number),
              static_cast<unsigned long>(free_memory_kib()));
  std::fflush(stdout);
  for (unsigned index = 0; index < families_.size(); ++index) {
    new (&blocks_[index]) Block{};
    blocks_[index].family = index;
    blocks_[index].epoch = static_cast<std::uint32_t>(number);
    blocks_[index].forks_left = 80;
    const std::string name = std::to_string(index);
    ::mkdirat(work_, name.c_str(), 0755);
    if (options_.where == Where::kNative || index % 3 != 0) ::fchownat(work_, name.c_str(), kFuzzUser, kFuzzUser, 0);
    families_[index] = {};
    if (options_.only_family == ~0ull || options_.only_family == index) start_family(index);
  }
  const std::uint64_t end = now_ms() + options_.epoch_ms;
  while (now_ms() < end && reap()) {
    for (unsigned index = 0; index < families_.size(); ++index) {
      const bool wanted = options_.only_family == ~0ull || options_.only_family == index;
      if (families_[index].leader != 0)
        wake_still(index);
      else if (wanted && families_[index].turn < (options_.calls == ~0ull ? 200 : 1))
        start_family(index);
    }
    ::usleep(options_.where == Where::kRing0 ? 20'000 : 4'000);
  }
  ::setpriority(PRIO_PROCESS, 0, 0);
  if (board_->failed == 0) end_everybody();
  for (unsigned index = 0; index < families_.size(); ++index) {
    calls_ += blocks_[index].calls;
    refused_ += blocks_[index].refused;
    const std::int32_t left = blocks_[index].forks_left;
    processes_ += static_cast<std::uint64_t>(80 - std::max(left, 0));
  }
}

// All processes but this one, the watchers and their children.
std::vector<pid_t> Supervisor::others() {
  std::vector<pid_t> found;
  DIR* directory = ::fdopendir(::openat(proc_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory == nullptr) return found;
  while (const dirent* entry = ::readdir(directory)) {
    const pid_t pid = std::atoi(entry->d_name);
    struct stat status = {};
    if (pid <= std::max(watchdog_, neighbour_) || ::fstatat(proc_, entry->d_name, &status, 0) != 0) continue;
    if (status.st_uid != kNeighbourUser && status.st_uid != kWatchdogUser) found.push_back(pid);
  }
  ::closedir(directory);
  return found;
}

// How much of their time the host gave to somebody else only run_syscalls knows: it is told now and then how long they
// take to end, and says whether that is too long.
void Supervisor::end_everybody() {
  const std::uint64_t begin = now_ms(), patience = 5 * options_.limit_ms;
  std::uint64_t next = patience;
  // Who ends needs more time than who looks on.
  for (unsigned pause_us = 2'000;; pause_us = std::min(2 * pause_us, 100'000u)) {
    const std::vector<pid_t> left = others();
    if (left.empty() || !reap()) break;
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    const std::uint64_t waited = now_ms() - begin;
    if (waited > next) {
      char text[600] = {};
      const int file = ::openat(proc_, (std::to_string(left[0]) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
      if (file >= 0) static_cast<void>(::read(file, text, sizeof text - 1));
      ::close(file);
      if (next == patience) dump();
      std::printf("slow: %zu processes have not ended %lu ms after SIGKILL; the first: %s", left.size(),
                  static_cast<unsigned long>(waited), text);
      std::fflush(stdout);
      if (waited > 6 * patience) return board_->fail("%zu processes do not end after SIGKILL", left.size());
      next += patience;
    }
    ::usleep(pause_us);
  }
  longest_end_ms_ = std::max(longest_end_ms_, now_ms() - begin);
  reap();
}

// All that is in a directory, but `kept` at its top.
void remove_below(int directory, int depth, std::initializer_list<std::string_view> kept = {}) {
  DIR* stream = ::fdopendir(directory);
  if (stream == nullptr) {
    ::close(directory);
    return;
  }
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
    if (::unlinkat(::dirfd(stream), entry->d_name, 0) == 0) continue;
    const int below = ::openat(::dirfd(stream), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0 && depth < 500) remove_below(below, depth + 1);
    ::unlinkat(::dirfd(stream), entry->d_name, AT_REMOVEDIR);
  }
  ::closedir(stream);
}

// What System V IPC has left: of each kind the ids in use, place by place. A queue or a set that goes wakes who waits.
void remove_ipc() {
  std::uint64_t record[32];
  struct {
    std::uint64_t call, highest, stat;
    bool semaphores;
  } constexpr kKinds[] = {{SYS_shmctl, SHM_INFO, SHM_STAT, false},
                          {SYS_semctl, SEM_INFO, SEM_STAT, true},
                          {SYS_msgctl, MSG_INFO, MSG_STAT, false}};
  for (const auto& kind : kKinds) {
    // semctl(2) has one argument more, before the command.
    const auto control = [&](std::uint64_t id, std::uint64_t command) {
      return kind.semaphores ? raw(kind.call, id, 0, command, address_of(record))
                             : raw(kind.call, id, command, address_of(record));
    };
    const long highest = control(0, kind.highest);
    for (long place = 0; place <= highest; ++place) {
      const long id = control(static_cast<std::uint64_t>(place), kind.stat);
      if (id >= 0) control(static_cast<std::uint64_t>(id), IPC_RMID);
    }
  }
}

void Supervisor::clean() {
  remove_ipc();
  for (unsigned index = 0; options_.where != Where::kNative && index < families_.size(); index += 3) {
    const std::string path = "/tmp/fuzz/" + std::to_string(index);
    while (::umount2((path + "/dev").c_str(), MNT_DETACH) == 0 || ::umount2((path + "/proc").c_str(), MNT_DETACH) == 0)
      continue;
    while (::umount2(path.c_str(), MNT_DETACH) == 0) continue;
  }
  // Everywhere that a user may write.
  constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  remove_below(::openat(work_, ".", kDirectory), 0);
  remove_below(::open("/tmp", kDirectory), 0, {"fuzz", "watch"});
  remove_below(::open("/dev/shm", kDirectory), 0);
  remove_below(::open("/dev/mqueue", kDirectory), 0);
}

std::uint64_t Supervisor::free_memory_kib() {
  char text[400] = {};
  const int file = ::openat(proc_, "meminfo", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  static_cast<void>(::read(file, text, sizeof text - 1));
  ::close(file);
  const char* line = std::strstr(text, "MemFree:");
  return line == nullptr ? 0 : std::strtoull(line + 8, nullptr, 10);
}

// What was under way, and what came right before.
void Supervisor::dump() {
  for (unsigned index = 0; index < families_.size(); ++index) {
    for (const Slot& slot : blocks_[index].slots) {
      const std::uint64_t made = slot.made;
      if (made == 0) continue;
      const bool under_way = slot.calls[(made - 1) % kCallsKept].under_way != 0;
      std::printf("family %u process %d thread %d: %lu calls%s\n", index, slot.pid, slot.tid.load(),
                  static_cast<unsigned long>(made), under_way ? ", the last one under way" : "");
      for (std::uint64_t at = made > 6 ? made - 6 : 0; at < made; ++at) {
        const Call& call = slot.calls[at % kCallsKept];
        std::printf("    %s", call_name(call.number));
        for (const std::uint64_t argument : call.arguments) std::printf(" %lx", static_cast<unsigned long>(argument));
        if (call.under_way == 0) std::printf(" = %ld", static_cast<long>(call.result));
        std::printf("\n");
      }
    }
  }
}

int Supervisor::run() {
  // An init has no signals but those that it waits for (signal(7)); families and watchers begin with none blocked.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  start_watchers();
  ::usleep(options_.where == Where::kRing0 ? 500'000 : 50'000);
  const std::uint64_t end = now_ms() + options_.seconds * 1'000;
  std::uint64_t number = options_.first_epoch;
  do {
    epoch(number++);
    if (first_free_ == 0) {
      clean();
      first_free_ = free_memory_kib();
    }
  } while (board_->failed == 0 && now_ms() < end && !options_.one_epoch);
  if (board_->failed != 0) dump();
  clean();
  std::printf(
      "%lu calls (%lu refused) of %lu processes in %lu epochs; the neighbour: %lu rounds; the longest nap of %lu: %lu "
      "ms, the longest end of an epoch: %lu ms; "
      "free memory %lu, then %lu KiB\n",
      static_cast<unsigned long>(calls_), static_cast<unsigned long>(refused_), static_cast<unsigned long>(processes_),
      static_cast<unsigned long>(number - options_.first_epoch), static_cast<unsigned long>(board_->neighbour_rounds),
      static_cast<unsigned long>(board_->naps), static_cast<unsigned long>(board_->longest_gap_ms),
      static_cast<unsigned long>(longest_end_ms_), static_cast<unsigned long>(first_free_),
      static_cast<unsigned long>(free_memory_kib()));
  if (board_->failed != 0) std::printf("FAILED in epoch %lu: %s\n", static_cast<unsigned long>(epoch_), board_->words);
  std::fflush(stdout);
  return board_->failed != 0 ? 1 : 0;
}

// "3,7-20,25"
void leave_out(const char* ranges) {
  while (*ranges != '\0') {
    char* end = nullptr;
    std::uint64_t first = std::strtoull(ranges, &end, 10), last = first;
    if (*end == '-') last = std::strtoull(end + 1, &end, 10);
    for (; first <= last && first < kMostLeftOut; ++first) left_out[first] = true;
    if (end == ranges) return;
    ranges = *end == ',' ? end + 1 : end;
  }
}

int usage() {
  std::fprintf(stderr, "usage: fuzz_syscalls --where ring3|ring0|native [--seed N] [--seconds N] ...\n");
  return 2;
}

}  // namespace
}  // namespace fuzz

int main(int count, char** arguments) {
  using namespace fuzz;
  Options options;
  bool where = false;
  for (int index = 1; index < count; ++index) {
    const std::string_view name = arguments[index];
    if (name == "--trace") {
      options.trace = true;
      continue;
    }
    if (++index == count) return usage();
    const char* text = arguments[index];
    const std::uint64_t value = std::strtoull(text, nullptr, 0);
    if (name == "--where") {
      options.where = std::strcmp(text, "ring3") == 0   ? Where::kRing3
                      : std::strcmp(text, "ring0") == 0 ? Where::kRing0
                                                        : Where::kNative;
      where = true;
    } else if (name == "--seed") {
      options.seed = value;
    } else if (name == "--seconds") {
      options.seconds = value;
    } else if (name == "--epoch-ms") {
      options.epoch_ms = value;
    } else if (name == "--families") {
      options.families = value;
    } else if (name == "--limit-ms") {
      options.limit_ms = value;
    } else if (name == "--entry") {
      options.entry = value;
    } else if (name == "--epoch") {
      options.first_epoch = value;
      options.one_epoch = true;
    } else if (name == "--family") {
      options.only_family = value;
    } else if (name == "--without") {
      leave_out(text);
    } else if (name == "--calls") {
      options.calls = value;
    } else {
      return usage();
    }
  }
  // A fuzzing process executes this program, too, with whatever arguments.
  if (!where || options.families == 0 || options.families > 64 || ::getpid() != 1) return usage();
  std::printf("seed %lu\n", static_cast<unsigned long>(options.seed));
  std::fflush(stdout);
  return Supervisor(options).run();
}
