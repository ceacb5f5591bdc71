// futex(2) itself, within a process and between processes.
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "../topic.h"

using namespace abi;

static long futex(void* word, int operation, std::uint32_t value, const void* time = nullptr, void* second = nullptr,
                  std::uint32_t third = 0) {
  return ::syscall(SYS_futex, word, operation, value, time, second, third);
}

static std::uint32_t word;
static std::uint32_t other;
static std::atomic<int> woken;
static std::atomic<pid_t> waiting[5];

static void* wait_on_word(void* id) {
  *static_cast<std::atomic<pid_t>*>(id) = ::gettid();
  while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0) {
    if (futex(&word, FUTEX_WAIT_PRIVATE, 0) == 0) break;
  }
  ++woken;
  return nullptr;
}

// Starts threads; all of them wait when it returns.
static void start(pthread_t* threads, int count) {
  woken = 0;
  for (int i = 0; i < count; ++i) {
    waiting[i] = 0;
    ::pthread_create(&threads[i], nullptr, wait_on_word, &waiting[i]);
  }
  for (int i = 0; i < count; ++i) {
    while (waiting[i] == 0) ::usleep(1000);
    await_asleep(::getpid(), waiting[i]);
  }
}

static int run() {
  const timespec soon{0, 20'000'000};
  say("wait, other value: %s\n", outcome(futex(&word, FUTEX_WAIT_PRIVATE, 1)));
  say("wait, time out: %s\n", outcome(futex(&word, FUTEX_WAIT_PRIVATE, 0, &soon)));
  timespec until;
  ::clock_gettime(CLOCK_REALTIME, &until);
  say("wait until now: %s\n", outcome(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until, nullptr,
                                            FUTEX_BITSET_MATCH_ANY)));
  say("no bits: %s\n", outcome(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &soon, nullptr, 0)));
  say("misaligned: %s\n", outcome(futex(reinterpret_cast<char*>(&word) + 1, FUTEX_WAIT_PRIVATE, 0, &soon)));
  say("unmapped: %s\n", outcome(futex(reinterpret_cast<void*>(4096), FUTEX_WAIT_PRIVATE, 0, &soon)));
  const timespec bad{0, 1'000'000'000};
  say("bad time: %s\n", outcome(futex(&word, FUTEX_WAIT_PRIVATE, 0, &bad)));
  say("unknown operation: %s\n", outcome(futex(&word, 77, 0)));
  say("wake nobody: %ld\n", futex(&word, FUTEX_WAKE_PRIVATE, 10));

  pthread_t threads[5];
  start(threads, 5);
  say("wake two of five: %ld\n", futex(&word, FUTEX_WAKE_PRIVATE, 2));
  while (woken < 2) ::usleep(1000);
  const auto two = reinterpret_cast<const void*>(2);
  say("requeue with another value: %s\n", outcome(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, two, &other, 9)));
  say("wake one, move two: %ld\n", futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, two, &other, 0));
  say("left at the first: %ld\n", futex(&word, FUTEX_WAKE_PRIVATE, 10));
  say("at the second: %ld\n", futex(&other, FUTEX_WAKE_PRIVATE, 10));
  for (pthread_t thread : threads) ::pthread_join(thread, nullptr);
  say("all woken: %d\n", woken.load());

  // FUTEX_WAKE_OP: other = other + 5; wake at other, too, if it was 3.
  start(threads, 2);
  other = 3;
  const std::uint32_t operation = FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 3);
  say("wake op: %ld", futex(&word, FUTEX_WAKE_OP_PRIVATE, 10, reinterpret_cast<const void*>(10), &other, operation));
  say(", the other is %u\n", other);
  for (int i = 0; i < 2; ++i) ::pthread_join(threads[i], nullptr);

  // Between processes, in shared memory, at different addresses.
  auto* shared =
      static_cast<std::uint32_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t child = in_child([&] {
    const timespec long_time{10, 0};
    return futex(shared, FUTEX_WAIT, 0, &long_time) == 0 ? 6 : 7;
  });
  while (futex(shared, FUTEX_WAKE, 1) == 0) ::usleep(1000);
  say_end("woken by another process", child);

  // A robust mutex whose owner's process dies.
  auto* mutex = reinterpret_cast<pthread_mutex_t*>(shared + 64);
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutex_init(mutex, &attributes);
  const pid_t owner = in_child([&] {
    ::pthread_mutex_lock(mutex);
    shared[1] = 1;
    ::pause();
    return 0;
  });
  while (__atomic_load_n(&shared[1], __ATOMIC_SEQ_CST) == 0) ::usleep(1000);
  const pid_t waiter = in_child([&] { return ::pthread_mutex_lock(mutex) == EOWNERDEAD ? 8 : 9; });
  await_asleep(waiter);
  ::kill(owner, SIGKILL);
  say_end("owner", owner);
  say_end("waiter", waiter);
  return 0;
}

static const Topic topic("futexes", run);
