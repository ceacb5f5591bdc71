// Locks that the kernel hands on: FUTEX_LOCK_PI and its relatives, by themselves and as the C library's mutexes.
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "../topic.h"

using namespace abi;

static std::atomic<std::uint32_t> word;

static long futex(const void* address, int operation, std::uint32_t value, const void* timeout = nullptr) {
  return ::syscall(SYS_futex, address, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}
static std::uint32_t self() {
  return static_cast<std::uint32_t>(::syscall(SYS_gettid));
}
static const char* owner_of(std::uint32_t value) {
  if ((value & FUTEX_TID_MASK) == 0) return "nobody";
  return (value & FUTEX_TID_MASK) == self() ? "me" : "another";
}
static void say_word(const char* what) {
  const std::uint32_t value = word;
  say("%s: %s has it%s%s\n", what, owner_of(value), value & FUTEX_WAITERS ? ", others wait" : "",
      value & FUTEX_OWNER_DIED ? ", its owner died" : "");
}

struct Locker {
  std::atomic<pid_t> tid{0};
  int error = -1;
  std::uint32_t seen = 0;
  bool mine = false;
  pthread_t thread{};

  void start() {
    ::pthread_create(
        &thread, nullptr,
        [](void* argument) -> void* {
          auto& locker = *static_cast<Locker*>(argument);
          locker.tid = static_cast<pid_t>(self());
          locker.error = futex(&word, FUTEX_LOCK_PI, 0) == 0 ? 0 : errno;
          locker.seen = word;
          locker.mine = (locker.seen & FUTEX_TID_MASK) == self();
          futex(&word, FUTEX_UNLOCK_PI, 0);
          return nullptr;
        },
        this);
    while (tid == 0) ::usleep(500);
    await_asleep(::getpid(), tid);
  }
  void join(const char* what) const {
    ::pthread_join(thread, nullptr);
    say("%s: %s, it had it: %d, others waited: %d, owner died: %d\n", what, error == 0 ? "locked" : "failed", mine,
        (seen & FUTEX_WAITERS) != 0, (seen & FUTEX_OWNER_DIED) != 0);
  }
};

static std::atomic<int> handled = 0;

static void errors() {
  say("unlock what nobody has: %s\n", outcome(futex(&word, FUTEX_UNLOCK_PI, 0)));
  say("lock: %s\n", outcome(futex(&word, FUTEX_LOCK_PI, 0)));
  say_word("then");
  say("again: %s, try: %s\n", outcome(futex(&word, FUTEX_LOCK_PI, 0)), outcome(futex(&word, FUTEX_TRYLOCK_PI, 0)));
  say("unlock: %s\n", outcome(futex(&word, FUTEX_UNLOCK_PI, 0)));
  say_word("then");
  say("try: %s\n", outcome(futex(&word, FUTEX_TRYLOCK_PI, 0)));
  word = FUTEX_OWNER_DIED;
  say("one whose owner died: %s\n", outcome(futex(&word, FUTEX_LOCK_PI, 0)));
  say_word("then");
  word = 0x3fff'fff0;
  say("of a thread that is not there: %s\n", outcome(futex(&word, FUTEX_LOCK_PI, 0)));
  word = 0;
  const timespec bad{0, -1};
  say("bad time: %s\n", outcome(futex(&word, FUTEX_LOCK_PI, 0, &bad)));
  say("unaligned: %s\n", outcome(futex(reinterpret_cast<char*>(&word) + 1, FUTEX_LOCK_PI, 0)));
  say("nowhere: %s\n", outcome(futex(nullptr, FUTEX_LOCK_PI, 0)));
  say("by the other clock: %s", outcome(futex(&word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0)));
  say(", %s\n", outcome(futex(&word, 13 | FUTEX_CLOCK_REALTIME, 0)));  // FUTEX_LOCK_PI2
  word = 0;
}

static void handing_on() {
  futex(&word, FUTEX_LOCK_PI, 0);
  Locker lockers[3];
  for (Locker& locker : lockers) locker.start();
  say_word("three wait");
  say("wake them: %s\n", outcome(futex(&word, FUTEX_WAKE, 1)));
  const timespec past{1, 0};
  say("unlock: %s\n", outcome(futex(&word, FUTEX_UNLOCK_PI, 0)));
  say("lock for no time: %d\n", futex(&word, FUTEX_LOCK_PI, 0, &past) == 0 || errno == ETIMEDOUT);
  if ((word & FUTEX_TID_MASK) == self()) futex(&word, FUTEX_UNLOCK_PI, 0);
  for (const Locker& locker : lockers) ::pthread_join(locker.thread, nullptr);
  for (const Locker& locker : lockers) say("had it: %d, error %d\n", locker.mine, locker.error);
}

static void time_and_signals() {
  futex(&word, FUTEX_LOCK_PI, 0);
  const pid_t child = in_child([] {
    const timespec past{1, 0};
    say("private memory is another's: %s\n", outcome(futex(&word, FUTEX_LOCK_PI, 0, &past)));
    say("by the monotonic clock: %s\n", outcome(futex(&word, 13, 0, &past)));
    say("try: %s\n", outcome(futex(&word, FUTEX_TRYLOCK_PI, 0)));
    say_word("then");
    return 0;
  });
  say_end("a child", child);
  struct sigaction action {};
  action.sa_handler = [](int) { ++handled; };
  ::sigaction(SIGUSR1, &action, nullptr);
  Locker locker;
  locker.start();
  ::pthread_kill(locker.thread, SIGUSR1);
  while (handled == 0) ::usleep(500);
  await_asleep(::getpid(), locker.tid);
  futex(&word, FUTEX_UNLOCK_PI, 0);
  locker.join("interrupted");
}

static void ends() {
  word = 0;
  pthread_t holder;
  static std::atomic<bool> held = false, may_end = false;
  ::pthread_create(
      &holder, nullptr,
      [](void*) -> void* {
        futex(&word, FUTEX_LOCK_PI, 0);
        held = true;
        while (!may_end) ::usleep(500);
        return nullptr;
      },
      nullptr);
  while (!held) ::usleep(500);
  Locker second;
  second.start();
  may_end = true;
  second.join("its owner ended");
  ::pthread_join(holder, nullptr);
  word = 0;
}

// In memory that processes share, through the C library; the owner of a robust one is killed.
static void mutexes() {
  struct Shared {
    pthread_mutex_t plain, robust;
    std::atomic<int> ready;
    int count;
  };
  auto* shared = static_cast<Shared*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  say("inherit: %d\n", ::pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT));
  say("make: %d\n", ::pthread_mutex_init(&shared->plain, &attributes));
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  say("make a robust one: %d\n", ::pthread_mutex_init(&shared->robust, &attributes));
  pid_t children[3];
  for (pid_t& child : children) {
    child = in_child([shared] {
      for (int i = 0; i < 50; ++i) {
        ::pthread_mutex_lock(&shared->plain);
        const int count = shared->count;
        if (i % 10 == 0) ::usleep(100);
        shared->count = count + 1;
        ::pthread_mutex_unlock(&shared->plain);
      }
      return 0;
    });
  }
  for (const pid_t child : children) say_end("counted", child);
  say("together: %d\n", shared->count);
  const pid_t owner = in_child([shared] {
    ::pthread_mutex_lock(&shared->robust);
    shared->ready = 1;
    ::pause();
    return 0;
  });
  while (shared->ready == 0) ::usleep(500);
  const pid_t waiter = in_child([shared] {
    shared->ready = 2;
    const int result = ::pthread_mutex_lock(&shared->robust);
    if (result == EOWNERDEAD) ::pthread_mutex_consistent(&shared->robust);
    ::pthread_mutex_unlock(&shared->robust);
    return result == EOWNERDEAD ? 7 : 8;
  });
  while (shared->ready == 1) ::usleep(500);
  await_asleep(waiter);
  ::kill(owner, SIGKILL);
  say_end("the owner", owner);
  say_end("the next one", waiter);
  say("after them: %d\n", ::pthread_mutex_lock(&shared->robust));
}

static void scopes() {
  word = 0;
  static std::atomic<pid_t> waiter = 0;
  pthread_t thread;
  ::pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        waiter = static_cast<pid_t>(self());
        ::syscall(SYS_futex, &word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
        return nullptr;
      },
      nullptr);
  while (waiter == 0) ::usleep(500);
  await_asleep(::getpid(), waiter);
  say("a wake-up of the private kind: %ld\n", futex(&word, FUTEX_WAKE, 1));
  say("of the shared kind: %ld\n", ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0));
  ::pthread_join(thread, nullptr);
}

static int run() {
  scopes();
  errors();
  handing_on();
  time_and_signals();
  ends();
  mutexes();
  return 0;
}

static const Topic topic("futex_locks", run);
