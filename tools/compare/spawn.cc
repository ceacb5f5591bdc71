#include "tools/compare/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  void connect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::vector<char*> arguments_of(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

// What posix_spawn does, for a child in a control group: glibc has that from 2.39 on (POSIX_SPAWN_SETCGROUP).
class ClonedSpawn {
 public:
  explicit ClonedSpawn(Spawn& request) : request_(request), arguments_(arguments_of(request.command)) {}

  void run(int group) {
    clone_args how{};
    // The child runs in this memory, on a stack of its own, while this thread waits for its execve(2).
    how.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP;
    how.exit_signal = SIGCHLD;
    how.stack = reinterpret_cast<std::uint64_t>(stack_.data());
    how.stack_size = stack_.size();
    how.cgroup = static_cast<std::uint64_t>(group);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // a handler must not run in the child, in this memory
    request_.start_ns = monotonic_ns();
    const long result = clone_and_call(how);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (result < 0) {
      request_.error = static_cast<int>(-result);
    } else if (request_.error == 0) {
      request_.pid = static_cast<pid_t>(result);
    } else {
      while (waitpid_of(static_cast<pid_t>(result)) < 0 && errno == EINTR) {
      }
    }
  }

 private:
  static pid_t waitpid_of(pid_t pid) { return static_cast<pid_t>(syscall(SYS_wait4, pid, nullptr, 0, nullptr)); }

  // clone3(2) has no wrapper in the C library. In the child every register but rax and rsp is as in the parent.
  long clone_and_call(clone_args& how) {
    long result;
    asm volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "mov %[self], %%rdi\n\t"
        "call *%[body]\n\t"
        "hlt\n"
        "1:"
        : "=a"(result)
        : "a"(SYS_clone3), "D"(&how), "S"(sizeof how), [self] "r"(this), [body] "r"(&ClonedSpawn::become)
        : "rcx", "r11", "memory", "cc");
    return result;
  }

  // In the child: system calls only, and errno is the parent's.
  [[noreturn]] static void become(ClonedSpawn* self) {
    Spawn& request = self->request_;
    const struct sigaction standard = {};
    for (int signo = 1; signo < NSIG; ++signo) sigaction(signo, &standard, nullptr);
    setpgid(0, 0);
    const int streams[] = {request.input, request.output, request.errors};
    for (int stream = 0; stream < 3; ++stream) {
      if (dup2(streams[stream], stream) < 0) request.error = errno;
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (request.error == 0) {
      execvpe(self->arguments_[0], self->arguments_.data(), environ);
      request.error = errno;
    }
    _exit(kExitNotFound);
  }

  Spawn& request_;
  std::vector<char*> arguments_;
  alignas(16) std::array<std::byte, 64 * 1024> stack_;
};

}  // namespace

void spawn(Spawn& request) {
  SpawnActions actions;
  actions.connect(request.input, STDIN_FILENO);
  actions.connect(request.output, STDOUT_FILENO);
  actions.connect(request.errors, STDERR_FILENO);
  const SpawnAttributes attributes;
  std::vector<char*> arguments = arguments_of(request.command);
  // glibc's posix_spawn is clone(CLONE_VM | CLONE_VFORK) and exec: its cost does not depend on the size of this
  // process.
  request.start_ns = monotonic_ns();
  request.error = posix_spawnp(&request.pid, arguments[0], actions.get(), attributes.get(), arguments.data(), environ);
  if (request.error != 0) request.pid = -1;
}

GroupSpawner::GroupSpawner(const std::string& group, bool is_unified) {
  if (is_unified) {
    group_.reset(open(group.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!group_) throw Error::from_errno("open", group);
    return;
  }
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the thread that waits
  thread_ = std::thread([this, group] { live(group + "/tasks"); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  hand_over([] {});  // it is there then
  if (error_ == 0) return;
  hand_over([this] { has_ended_ = true; });
  thread_.join();
  errno = error_;
  throw Error::from_errno("join", group);
}

GroupSpawner::~GroupSpawner() {
  if (!thread_.joinable()) return;
  hand_over([this] { has_ended_ = true; });
  thread_.join();
}

void GroupSpawner::live(const std::string& tasks) {
  const UniqueFd file(open(tasks.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), "0", 1) != 1) error_ = errno;  // cgroups(7): 0 is the writing thread
  std::unique_lock lock(mutex_);
  while (!has_ended_) {
    changed_.wait(lock, [&] { return work_ != nullptr; });
    (*work_)();
    work_ = nullptr;
    changed_.notify_all();
  }
}

void GroupSpawner::hand_over(const std::function<void()>& work) {
  std::unique_lock lock(mutex_);
  work_ = &work;
  changed_.notify_all();
  changed_.wait(lock, [&] { return work_ == nullptr; });
}

void GroupSpawner::spawn(Spawn& request) {
  if (group_) {
    ClonedSpawn(request).run(group_.get());
  } else {
    hand_over([&] { compare::spawn(request); });
  }
}

}  // namespace husk::compare
