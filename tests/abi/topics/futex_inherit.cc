// Who owns a lock runs with the priority of who waits for it (FUTEX_LOCK_PI); condition variables with such a lock
// (FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI).
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>

#include "../topic.h"

using namespace abi;

using Word = std::atomic<std::uint32_t>;

static long futex(const Word& word, int operation, std::uint32_t value = 0, const timespec* timeout = nullptr,
                  const Word* second = nullptr, std::uint32_t third = 0) {
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, second, third);
}
static long move(const Word& word, std::uint32_t wake, unsigned long count, const Word& lock, std::uint32_t expected) {
  return ::syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PI | FUTEX_PRIVATE_FLAG, wake, count, &lock, expected);
}
static std::uint32_t self() {
  return static_cast<std::uint32_t>(::gettid());
}

// Of who may have a high priority then: it must not need all of a slow processor for looking.
static void nap() {
  ::usleep(10'000);
}

static void set_priority(pid_t tid, int priority) {
  const sched_param parameter{.sched_priority = priority};
  if (::syscall(SYS_sched_setscheduler, tid, priority ? SCHED_FIFO : SCHED_OTHER, &parameter) != 0)
    say("priority: %s\n", outcome(-1));
}

struct Thread {
  explicit Thread(std::function<void()> what, int with_priority = 0) : body(std::move(what)), priority(with_priority) {
    ::pthread_create(
        &thread, nullptr,
        [](void* argument) -> void* {
          auto& own = *static_cast<Thread*>(argument);
          if (own.priority != 0) set_priority(0, own.priority);
          own.tid = ::gettid();
          own.body();
          return nullptr;
        },
        this);
    while (tid == 0) ::usleep(500);
  }
  ~Thread() { join(); }
  void join() {
    if (!joined) ::pthread_join(thread, nullptr);
    joined = true;
  }
  void await() const { await_asleep(::getpid(), tid); }

  std::function<void()> body;
  int priority;
  pthread_t thread{};
  std::atomic<pid_t> tid = 0;
  bool joined = false;
};

// proc(5): what it runs with (18), and its own real-time priority (40).
static void say_priority(const char* what, pid_t tid) {
  char path[64], text[1024] = {};
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
  std::FILE* file = std::fopen(path, "r");
  if (file) {
    (void)!std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
  }
  int field = 2, effective = 0, own = 0;
  for (char* part = std::strtok(std::strrchr(text, ')') + 1, " "); part; part = std::strtok(nullptr, " ")) {
    ++field;
    if (field == 18) effective = std::atoi(part);
    if (field == 40) own = std::atoi(part);
  }
  say("%s: %d, own %d\n", what, effective, own);
}

static void say_word(const char* what, const Word& word, pid_t of) {
  const std::uint32_t value = word;
  say("%s: %s%s\n", what,
      (value & FUTEX_TID_MASK) == 0                                ? "free"
      : (value & FUTEX_TID_MASK) == self()                         ? "mine"
      : (value & FUTEX_TID_MASK) == static_cast<std::uint32_t>(of) ? "its"
                                                                   : "another's",
      value & FUTEX_WAITERS ? ", others wait" : "");
}

static void inheritance() {
  static Word first, second;
  static std::atomic<int> stage;
  stage = 0;
  Thread owner([] {
    futex(second, FUTEX_LOCK_PI);
    while (stage < 1) nap();
    futex(first, FUTEX_LOCK_PI);  // which `last` has
    futex(first, FUTEX_UNLOCK_PI);
    while (stage < 3) nap();
    futex(second, FUTEX_UNLOCK_PI);
  });
  Thread last([] {
    futex(first, FUTEX_LOCK_PI);
    while (stage < 2) nap();
    futex(first, FUTEX_UNLOCK_PI);
  });
  while (first == 0 || second == 0) ::usleep(500);
  say_priority("nobody waits", owner.tid);
  long result = -1;
  Thread waiter(
      [&] {
        timespec soon{};
        ::clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_sec += 3600;
        result = futex(second, FUTEX_LOCK_PI, 0, &soon);
        futex(second, FUTEX_UNLOCK_PI);
      },
      10);
  waiter.await();
  say_priority("somebody waits", owner.tid);
  say_priority("the waiter", waiter.tid);
  say_priority("the other owner", last.tid);
  stage = 1;
  owner.await();
  while (!(first & FUTEX_WAITERS)) ::usleep(500);
  say_priority("which the owner waits for", last.tid);
  set_priority(waiter.tid, 20);
  say_priority("more urgent", owner.tid);
  say_priority("and beyond", last.tid);
  {
    Thread other(
        [&] {
          timespec soon{};
          ::clock_gettime(CLOCK_REALTIME, &soon);
          soon.tv_nsec += 50'000'000;
          if (soon.tv_nsec >= 1'000'000'000) soon.tv_nsec -= 1'000'000'000, ++soon.tv_sec;
          result = futex(second, FUTEX_LOCK_PI, 0, &soon);
        },
        30);
    for (int i = 0; i < 1000 && !(second & FUTEX_WAITERS); ++i) ::usleep(500);
    other.join();
  }
  say_priority("one that gave up", owner.tid);
  say_priority("and beyond", last.tid);
  stage = 2;
  last.join();
  owner.await();
  say_priority("handed on", owner.tid);
  set_priority(owner.tid, 25);
  say_priority("with a higher one of its own", owner.tid);
  set_priority(owner.tid, 0);
  stage = 3;
  owner.join();
  waiter.join();
  say_word("in the end", second, 0);
}

static void order() {
  static Word word;
  static std::atomic<int> place;
  place = 0;
  futex(word, FUTEX_LOCK_PI);
  int places[4] = {};
  static constexpr int priorities[4] = {0, 5, 9, 5};
  std::function<void(int)> start = [&](int i) {
    Thread thread(
        [&] {
          futex(word, FUTEX_LOCK_PI);
          places[i] = ++place;
          futex(word, FUTEX_UNLOCK_PI);
        },
        priorities[i]);
    thread.await();
    if (i < 3) {
      start(i + 1);
    } else {
      futex(word, FUTEX_UNLOCK_PI);
    }
  };
  start(0);
  say("order: %d %d %d %d\n", places[0], places[1], places[2], places[3]);
  // Plain wake-ups come by priority, too.
  place = 0;
  word = 0;
  std::function<void(int)> wait = [&](int i) {
    Thread thread(
        [&] {
          futex(word, FUTEX_WAIT, 0);
          places[i] = ++place;
        },
        priorities[i]);
    thread.await();
    if (i < 3) return wait(i + 1);
    for (int n = 1; n <= 4; ++n) {
      futex(word, FUTEX_WAKE, 1);
      while (place < n) ::usleep(500);
    }
  };
  wait(0);
  say("woken: %d %d %d %d\n", places[0], places[1], places[2], places[3]);
}

static void circles() {
  static Word words[3];
  for (Word& word : words) word = 0;
  futex(words[0], FUTEX_LOCK_PI);
  Thread second([] {
    futex(words[1], FUTEX_LOCK_PI);
    futex(words[0], FUTEX_LOCK_PI);
    futex(words[0], FUTEX_UNLOCK_PI);
    futex(words[1], FUTEX_UNLOCK_PI);
  });
  second.await();
  while (words[1] == 0) ::usleep(500);
  Thread third([] {
    futex(words[2], FUTEX_LOCK_PI);
    futex(words[1], FUTEX_LOCK_PI);
    futex(words[1], FUTEX_UNLOCK_PI);
    futex(words[2], FUTEX_UNLOCK_PI);
  });
  third.await();
  say("a circle of two: %s\n", outcome(futex(words[1], FUTEX_LOCK_PI)));
  say("of three: %s\n", outcome(futex(words[2], FUTEX_LOCK_PI)));
  say("try: %s\n", outcome(futex(words[2], FUTEX_TRYLOCK_PI)));
  futex(words[0], FUTEX_UNLOCK_PI);
}

static Word condition, lock, other_lock;

struct Waiter {
  explicit Waiter(const timespec* until = nullptr)
      : thread([this, until] {
          result = futex(condition, FUTEX_WAIT_REQUEUE_PI, condition, until, &lock) == 0 ? 0 : errno;
          owner = (lock & FUTEX_TID_MASK) == self();
          done = true;
          if (owner) {
            while (holds) nap();
            futex(lock, FUTEX_UNLOCK_PI);
          }
        }) {
    thread.await();
  }
  void say_end(const char* what) {
    thread.join();
    say("%s: %s, has it %d\n", what, result == 0 ? "ok" : ::strerrorname_np(result), owner.load());
  }
  std::atomic<int> result = -1;
  std::atomic<bool> owner = false, done = false, holds = false;
  Thread thread;
};

static void conditions() {
  condition = 1;
  lock = 0;
  timespec past{1, 0};
  say("same word: %s\n", outcome(futex(condition, FUTEX_WAIT_REQUEUE_PI, 1, nullptr, &condition)));
  say("changed: %s\n", outcome(futex(condition, FUTEX_WAIT_REQUEUE_PI, 2, nullptr, &lock)));
  say("late: %s\n", outcome(futex(condition, FUTEX_WAIT_REQUEUE_PI, 1, &past, &lock)));
  say("by the wall clock: %s\n",
      outcome(futex(condition, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 1, &past, &lock)));
  say("nobody waits: %s\n", outcome(move(condition, 1, 1, lock, 1)));
  say("changed: %s, two at once: %s, ", outcome(move(condition, 1, 1, lock, 2)),
      outcome(move(condition, 2, 1, lock, 1)));
  say("none: %s, same: %s, negative: %s\n", outcome(move(condition, 0, 1, lock, 1)),
      outcome(move(condition, 1, 1, condition, 1)), outcome(move(condition, 1, 0x8000'0000, lock, 1)));
  {
    Waiter waiter;
    say("wake: %s, ", outcome(futex(condition, FUTEX_WAKE, 1)));
    say("requeue: %s, ", outcome(::syscall(SYS_futex, &condition, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, 1, &lock, 0)));
    say("lock it: %s, ", outcome(futex(condition, FUTEX_LOCK_PI)));
    condition = 1;
    say("to another lock: %s\n", outcome(move(condition, 1, 1, other_lock, 1)));
    ::syscall(SYS_tgkill, ::getpid(), waiter.thread.tid.load(), SIGUSR1);
    waiter.thread.await();
    say("free lock: %ld", move(condition, 1, 0, lock, 1));
    waiter.say_end(", moved");
  }
  say_word("then", lock, 0);
  {
    Waiter waiter;
    futex(lock, FUTEX_LOCK_PI);
    say("taken lock: %ld", move(condition, 1, 0, lock, 1));
    waiter.thread.await();
    say(", waits %d\n", !waiter.done);
    say_word("then", lock, waiter.thread.tid);
    say("again: %ld\n", move(condition, 1, 5, lock, 1));
    futex(lock, FUTEX_UNLOCK_PI);
    waiter.say_end("unlocked");
  }
  {
    Waiter first, second, third;
    first.holds = true;
    say("all, free: %ld\n", move(condition, 1, 0x7fff'ffff, lock, 1));
    while (!first.done) ::usleep(500);
    say_word("then", lock, first.thread.tid);
    second.thread.await();
    say("second waits %d, third %d\n", !second.done, !third.done);
    first.holds = false;
    first.say_end("first");
    second.say_end("second");
    third.say_end("third");
  }
  {
    Waiter first, second;
    futex(lock, FUTEX_LOCK_PI);
    say("one of two, taken: %ld\n", move(condition, 1, 0, lock, 1));
    // Interrupted when it has been moved: it cannot go on.
    ::syscall(SYS_tgkill, ::getpid(), first.thread.tid.load(), SIGUSR1);
    first.say_end("a signal");
    ::syscall(SYS_tgkill, ::getpid(), second.thread.tid.load(), SIGUSR1);
    second.thread.await();
    say("still there: %d, ", !second.done);
    say("moved: %ld\n", move(condition, 1, 9, lock, 1));
    futex(lock, FUTEX_UNLOCK_PI);
    second.say_end("second");
  }
  {
    timespec soon{};
    ::clock_gettime(CLOCK_MONOTONIC, &soon);
    ++soon.tv_sec;
    soon.tv_nsec = 0;
    Waiter waiter(&soon);
    futex(lock, FUTEX_LOCK_PI);
    move(condition, 1, 0, lock, 1);
    waiter.say_end("too late");
    futex(lock, FUTEX_UNLOCK_PI);
    say_word("then", lock, 0);
  }
  {
    // Its owner waits for it: only the kernel's word tells.
    Waiter waiter;
    lock = static_cast<std::uint32_t>(waiter.thread.tid);
    say("one's own: %s\n", outcome(move(condition, 1, 1, lock, 1)));
    lock = 0x3fff'fff0;
    say("nobody's: %s\n", outcome(move(condition, 1, 1, lock, 1)));
    lock = 0;
    say("in the end: %ld\n", move(condition, 1, 1, lock, 1));
    waiter.say_end("it");
  }
  {
    static std::atomic<bool> plain;
    plain = false;
    Thread thread([] {
      futex(condition, FUTEX_WAIT, 1);
      plain = true;
    });
    thread.await();
    say("who wants no lock: %s\n", outcome(move(condition, 1, 1, lock, 1)));
    futex(condition, FUTEX_WAKE, 1);
  }
}

static const Topic topic("futex_inherit", [] {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, nullptr);
  inheritance();
  order();
  circles();
  conditions();
  return 0;
});
