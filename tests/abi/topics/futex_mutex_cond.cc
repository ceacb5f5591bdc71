// Mutexes, condition variables, barriers, semaphores and once: what glibc builds on futexes; and the raw call's errors.
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <deque>

#include <cstring>

#include "../topic.h"

using namespace abi;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static std::deque<long> queue;

static void* producer(void* argument) {
  const long base = reinterpret_cast<long>(argument);
  for (long i = 0; i < 200; ++i) {
    ::pthread_mutex_lock(&mutex);
    while (queue.size() >= 4) ::pthread_cond_wait(&not_full, &mutex);
    queue.push_back(base + i);
    ::pthread_cond_signal(&not_empty);
    ::pthread_mutex_unlock(&mutex);
  }
  return nullptr;
}

static void* consumer(void*) {
  long sum = 0;
  for (;;) {
    ::pthread_mutex_lock(&mutex);
    while (queue.empty()) ::pthread_cond_wait(&not_empty, &mutex);
    const long value = queue.front();
    queue.pop_front();
    ::pthread_cond_signal(&not_full);
    ::pthread_mutex_unlock(&mutex);
    if (value < 0) return reinterpret_cast<void*>(sum);
    sum += value;
  }
}

static void queue_of_work() {
  pthread_t producers[3], consumers[3];
  for (long i = 0; i < 3; ++i) {
    ::pthread_create(&producers[i], nullptr, producer, reinterpret_cast<void*>(i * 1000));
    ::pthread_create(&consumers[i], nullptr, consumer, nullptr);
  }
  for (pthread_t thread : producers) ::pthread_join(thread, nullptr);
  ::pthread_mutex_lock(&mutex);
  for (int i = 0; i < 3; ++i) queue.push_back(-1);
  ::pthread_cond_broadcast(&not_empty);
  ::pthread_mutex_unlock(&mutex);
  long sum = 0;
  for (pthread_t thread : consumers) {
    void* part = nullptr;
    ::pthread_join(thread, &part);
    sum += reinterpret_cast<long>(part);
  }
  say("queue: %ld\n", sum);
}

static void barrier_and_semaphore() {
  static pthread_barrier_t barrier;
  static std::atomic<int> serial{0}, phase{0};
  ::pthread_barrier_init(&barrier, nullptr, 5);
  const auto body = [](void*) -> void* {
    for (int i = 0; i < 20; ++i) {
      phase.fetch_add(1);
      if (::pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) serial.fetch_add(1);
      if (phase.load() < 5 * (i + 1)) serial.fetch_add(1000);
    }
    return nullptr;
  };
  pthread_t threads[5];
  for (pthread_t& thread : threads) ::pthread_create(&thread, nullptr, body, nullptr);
  for (pthread_t thread : threads) ::pthread_join(thread, nullptr);
  say("barrier: %d serial threads, phase %d\n", serial.load(), phase.load());

  // A semaphore between processes, in shared memory.
  auto* semaphore =
      static_cast<sem_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ::sem_init(semaphore, 1, 0);
  const pid_t child = in_child([&] {
    for (int i = 0; i < 3; ++i) ::sem_wait(semaphore);
    return 3;
  });
  for (int i = 0; i < 3; ++i) ::sem_post(semaphore);
  say_end("semaphore between processes", child);
  timespec soon{};
  ::clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 20'000'000;
  if (soon.tv_nsec >= 1'000'000'000) soon.tv_sec += 1, soon.tv_nsec -= 1'000'000'000;
  say("sem_timedwait: %s\n", outcome(::sem_timedwait(semaphore, &soon)));
}

static void raw() {
  static std::uint32_t word = 1;
  const timespec soon{.tv_sec = 0, .tv_nsec = 10'000'000};
  const auto futex = [](std::uint32_t* address, int operation, std::uint32_t value, const timespec* time) {
    return ::syscall(SYS_futex, address, operation, value, time, nullptr, 0);
  };
  say("value differs: %s\n", outcome(futex(&word, FUTEX_WAIT_PRIVATE, 2, nullptr)));
  say("time-out: %s\n", outcome(futex(&word, FUTEX_WAIT_PRIVATE, 1, &soon)));
  say("nobody to wake: %ld\n", futex(&word, FUTEX_WAKE_PRIVATE, 10, nullptr));
  say("bad address: %s\n", outcome(futex(reinterpret_cast<std::uint32_t*>(8), FUTEX_WAIT_PRIVATE, 1, nullptr)));
  say("unaligned: %s\n", outcome(futex(reinterpret_cast<std::uint32_t*>(reinterpret_cast<char*>(&word) + 1),
                                       FUTEX_WAIT_PRIVATE, 1, nullptr)));
  say("unknown operation: %s\n", outcome(futex(&word, 99, 1, nullptr)));
}

static int run() {
  queue_of_work();
  barrier_and_semaphore();
  raw();
  static int once_count = 0;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  for (int i = 0; i < 3; ++i) ::pthread_once(&once, [] { ++once_count; });
  say("once: %d\n", once_count);
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_t checked;
  ::pthread_mutex_init(&checked, &attributes);
  ::pthread_mutex_lock(&checked);
  say("locked twice: %s\n", ::strerrorname_np(::pthread_mutex_lock(&checked)));
  say("trylock of a held one: %s\n", ::pthread_mutex_trylock(&checked) == EBUSY ? "EBUSY" : "another");
  return 0;
}

static const Topic topic("futex_mutex_cond", run);
