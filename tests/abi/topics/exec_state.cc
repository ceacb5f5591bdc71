// What a program finds of the one before it: pending signals, the mask; and what others are told when it is replaced:
// robust locks and the word that set_tid_address(2) named.
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

void again(const char* what) {
  ::execl(self_path(), "abi_topics", "exec_state", what, nullptr);
  say("execl: %s\n", outcome(-1));
  ::_exit(1);
}

// Run by the second program.
void say_pending() {
  sigset_t pending, blocked;
  ::sigpending(&pending);
  ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
  say("  pending:");
  for (int number = 1; number < 64; ++number) {
    if (number != SIGCHLD && ::sigismember(&pending, number) == 1) say(" %d", number);
  }
  say("\n  blocked:");
  for (int number = 1; number < 64; ++number) {
    if (::sigismember(&blocked, number) == 1) say(" %d", number);
  }
  say("\n");
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGRTMIN + 1);
  const timespec now{0, 0};
  siginfo_t information{};
  for (int i = 0; i < 3; ++i) {
    information.si_value.sival_int = -1;
    const int got = ::sigtimedwait(&wanted, &information, &now);
    say("  sigtimedwait %s value %d\n", outcome(got), information.si_value.sival_int);
  }
}

void pending() {
  say_end("pending", in_child([] {
            sigset_t some;
            ::sigemptyset(&some);
            for (const int number : {SIGUSR1, SIGUSR2, SIGTERM, SIGRTMIN + 1, SIGWINCH}) ::sigaddset(&some, number);
            ::sigprocmask(SIG_BLOCK, &some, nullptr);
            ::signal(SIGUSR1, [](int) {});
            ::signal(SIGUSR2, SIG_IGN);
            ::kill(::getpid(), SIGUSR1);
            ::raise(SIGUSR2);
            ::raise(SIGTERM);
            ::raise(SIGWINCH);
            ::sigqueue(::getpid(), SIGRTMIN + 1, sigval{.sival_int = 7});
            ::sigqueue(::getpid(), SIGRTMIN + 1, sigval{.sival_int = 8});
            again("pending");
            return 0;
          }));
  say_end("of a thread that becomes the process", in_child([] {
            sigset_t all;
            ::sigfillset(&all);
            ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
            pthread_t thread;
            ::pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                  sigset_t some;
                  ::sigemptyset(&some);
                  for (const int number : {SIGUSR1, SIGTERM, SIGRTMIN + 1}) ::sigaddset(&some, number);
                  ::pthread_sigmask(SIG_SETMASK, &some, nullptr);
                  ::raise(SIGUSR1);
                  ::kill(::getpid(), SIGTERM);
                  again("pending");
                  return nullptr;
                },
                nullptr);
            for (;;) ::pause();
            return 0;
          }));
  // Timers of timer_create(2) go, and the signals that they sent with them; setitimer(2)'s stay.
  say_end("of a timer", in_child([] {
            sigset_t some;
            ::sigemptyset(&some);
            ::sigaddset(&some, SIGUSR1);
            ::sigaddset(&some, SIGALRM);
            ::sigprocmask(SIG_BLOCK, &some, nullptr);
            sigevent event{};
            event.sigev_notify = SIGEV_SIGNAL;
            event.sigev_signo = SIGUSR1;
            timer_t timer;
            ::timer_create(CLOCK_MONOTONIC, &event, &timer);
            itimerspec soon{};
            soon.it_value.tv_nsec = 1;
            ::timer_settime(timer, 0, &soon, nullptr);
            sigset_t now;
            do ::sigpending(&now);
            while (::sigismember(&now, SIGUSR1) == 0);
            timer_t other;
            event.sigev_signo = SIGALRM;
            ::timer_create(CLOCK_MONOTONIC, &event, &other);
            ::timer_settime(other, 0, &soon, nullptr);
            do ::sigpending(&now);
            while (::sigismember(&now, SIGALRM) == 0);
            ::timer_delete(other);
            ::sigpending(&now);
            say("  deleted: %d\n", ::sigismember(&now, SIGALRM));
            again("pending");
            return 0;
          }));
}

struct Shared {
  std::atomic<std::uint32_t> lock;
  std::atomic<std::uint32_t> cleared;
  struct {
    std::uint64_t next;
    std::int64_t offset;
    std::uint64_t pending;
  } head;
  struct {
    std::uint64_t next;
    std::uint64_t padding;
  } entry;
};

long futex(std::atomic<std::uint32_t>* word, int operation, std::uint32_t value) {
  const timespec limit{5, 0};
  return ::syscall(SYS_futex, word, operation, value, operation == FUTEX_WAIT ? &limit : nullptr, nullptr, 0);
}

void robust() {
  auto* shared = static_cast<Shared*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t child = in_child([shared] {
    shared->head = {reinterpret_cast<std::uint64_t>(&shared->entry),
                    reinterpret_cast<char*>(&shared->lock) - reinterpret_cast<char*>(&shared->entry), 0};
    shared->entry.next = reinterpret_cast<std::uint64_t>(&shared->head);
    shared->lock = static_cast<std::uint32_t>(::syscall(SYS_gettid)) | FUTEX_WAITERS;
    ::syscall(SYS_set_robust_list, &shared->head, sizeof shared->head);
    ::execl("/bin/sleep", "sleep", "0.2", nullptr);
    return 1;
  });
  for (int i = 0; i < 3; ++i) {
    const std::uint32_t held = shared->lock;
    if (!(held & FUTEX_OWNER_DIED)) futex(&shared->lock, FUTEX_WAIT, held);
    if (held == 0) --i;
  }
  int status = 0;
  say("the lock of a replaced program: owner died %d, while the next one runs %d\n",
      (shared->lock & FUTEX_OWNER_DIED) != 0, ::waitpid(child, &status, WNOHANG) == 0);
  say_end("it", child);
}

// The word is cleared where the memory goes on to be somebody else's.
void cleared() {
  static Shared shared;
  static char stack[64 * 1024];
  shared.cleared = 1;
  const pid_t child = ::clone(
      [](void*) {
        ::syscall(SYS_set_tid_address, &shared.cleared);
        ::execl("/bin/sleep", "sleep", "0.2", nullptr);
        return 1;
      },
      stack + sizeof stack, CLONE_VM | SIGCHLD, nullptr);
  while (shared.cleared != 0) futex(&shared.cleared, FUTEX_WAIT, 1);
  int status = 0;
  say("the word of a replaced program: %u, while the next one runs %d\n", shared.cleared.load(),
      ::waitpid(child, &status, WNOHANG) == 0);
  say_end("it", child);
}

int run() {
  if (arguments[0] != nullptr) {
    say_pending();
    return 0;
  }
  pending();
  robust();
  cleared();
  return 0;
}

const Topic topic("exec_state", run);

}  // namespace
