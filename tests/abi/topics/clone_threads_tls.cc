// Threads: one memory, own thread-local storage, own ids, joining, exit of the process.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include <cstring>

#include "../topic.h"

using namespace abi;

static thread_local int local_value = 5;
static thread_local int local_zero;
static std::atomic<long> total;
static int shared_value;

static void* body(void* argument) {
  const long index = reinterpret_cast<long>(argument);
  const bool fresh = local_value == 5 && local_zero == 0;
  local_value = static_cast<int>(index);
  for (int i = 0; i < 1000; ++i) {
    total.fetch_add(1);
    local_zero += 1;
  }
  errno = static_cast<int>(index);
  ::sched_yield();
  const bool own = local_value == index && local_zero == 1000 && errno == index;
  const bool ids = ::getpid() != ::gettid() && ::getpid() == *static_cast<pid_t*>(&shared_value);
  return reinterpret_cast<void*>(static_cast<long>(fresh && own && ids ? index * 2 : -1));
}

static int run() {
  shared_value = ::getpid();
  say("main thread: id %s\n", ::gettid() == ::getpid() ? "is the process's" : "is another");
  pthread_t threads[16];
  for (long i = 0; i < 16; ++i) {
    const int error = ::pthread_create(&threads[i], nullptr, body, reinterpret_cast<void*>(i));
    if (error != 0) say("pthread_create: %s\n", ::strerrorname_np(error));
  }
  for (long i = 0; i < 16; ++i) {
    void* result = nullptr;
    ::pthread_join(threads[i], &result);
    if (reinterpret_cast<long>(result) != i * 2) say("thread %ld: %ld\n", i, reinterpret_cast<long>(result));
  }
  say("sum %ld, own %d %d\n", total.load(), local_value, local_zero);

  say_end("exit from a thread ends the process", in_child([] {
            pthread_t thread;
            ::pthread_create(
                &thread, nullptr, [](void*) -> void* { ::_exit(6); }, nullptr);
            for (;;) ::pause();
            return 0;
          }));
  say_end("the main thread may end first", in_child([] {
            static pthread_t main_thread;
            main_thread = ::pthread_self();
            pthread_t thread;
            ::pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                  ::pthread_join(main_thread, nullptr);
                  ::_exit(8);
                },
                nullptr);
            ::pthread_exit(nullptr);
            return 0;
          }));
  say_end("a fault in a thread kills the process", in_child([] {
            pthread_t thread;
            ::pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                  *reinterpret_cast<volatile int*>(4) = 1;
                  return nullptr;
                },
                nullptr);
            for (;;) ::pause();
            return 0;
          }));
  say_end("fork from a thread copies only that thread", in_child([] {
            pthread_t thread;
            ::pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                  say_end("forked", in_child([] { return 3; }));
                  return nullptr;
                },
                nullptr);
            ::pthread_join(thread, nullptr);
            return 2;
          }));
  say_end("execve from a thread", in_child([] {
            pthread_t thread;
            ::pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                  ::execl("/bin/sh", "sh", "-c", "exit 9", nullptr);
                  return nullptr;
                },
                nullptr);
            for (;;) ::pause();
            return 0;
          }));
  return 0;
}

static const Topic topic("clone_threads_tls", run);
