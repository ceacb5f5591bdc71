// sched(7) and setpriority(2): what can be asked for, by whom, what is read back, and what children have of it.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

struct Attributes {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
  std::uint32_t clamps[2];
  std::uint64_t beyond[2];
};

long set_policy(int policy, int priority) {
  const sched_param parameter{.sched_priority = priority};
  return ::syscall(SYS_sched_setscheduler, 0, policy, &parameter);
}

void say_state(const char* what) {
  Attributes attributes{};
  sched_param parameter{};
  ::sched_getparam(0, &parameter);
  const long result = ::syscall(SYS_sched_getattr, 0, &attributes, 48, 0);
  say("%s: policy %x priority %d nice %d; attributes %ld: %u %u %d %u %lu\n", what,
      static_cast<unsigned>(::sched_getscheduler(0)), parameter.sched_priority, ::getpriority(PRIO_PROCESS, 0), result,
      attributes.size, attributes.policy, attributes.nice, attributes.priority, attributes.flags);
}

void say_proc() {
  std::FILE* file = std::fopen("/proc/self/stat", "r");
  char text[1024] = {};
  (void)!std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  char* at = std::strrchr(text, ')') + 2;
  int field = 3;
  for (char* word = std::strtok(at, " "); word != nullptr; word = std::strtok(nullptr, " "), ++field) {
    if (field == 18 || field == 19 || field == 40 || field == 41) say("%s ", word);
  }
  say("in /proc/self/stat\n");
}

void policies() {
  for (const int policy : {0, 1, 2, 3, 4, 5, 6, 7, -1, 1000, 0x4000'0000, 0x4000'0005}) {
    for (const int priority : {0, 1, 99, 100, -1}) say("%s ", outcome(set_policy(policy, priority)));
    say("policy %d: now %x, back %s\n", policy, static_cast<unsigned>(::sched_getscheduler(0)),
        outcome(set_policy(SCHED_OTHER, 0)));
  }
  say("no parameter %s", outcome(::syscall(SYS_sched_setscheduler, 0, 0, nullptr)));
  say(" %s", outcome(::syscall(SYS_sched_getparam, 0, nullptr)));
  sched_param parameter{};
  say(" nobody %s", outcome(::syscall(SYS_sched_setscheduler, 99999, 0, &parameter)));
  say(" %s", outcome(::syscall(SYS_sched_getscheduler, 99999)));
  say(" %s", outcome(::syscall(SYS_sched_getscheduler, -1)));
  say(" %s\n", outcome(::syscall(SYS_sched_setparam, -1, &parameter)));
  set_policy(SCHED_RR, 7);
  say_state("round-robin");
  say_proc();
  timespec interval{};
  say("interval %s", outcome(::sched_rr_get_interval(0, &interval)));
  say(" %ld", interval.tv_nsec);
  set_policy(SCHED_FIFO, 8);
  ::sched_rr_get_interval(0, &interval);
  say(" and %ld\n", interval.tv_nsec);
  parameter.sched_priority = 9;
  say("another priority %s, none ", outcome(::sched_setparam(0, &parameter)));
  parameter.sched_priority = 0;
  say("%s\n", outcome(::sched_setparam(0, &parameter)));
  say_state("first in, first out");
  say_end("child", in_child([] {
            say_state("child");
            return 0;
          }));
  set_policy(SCHED_RR | SCHED_RESET_ON_FORK, 3);
  say_state("not for children");
  say_end("child", in_child([] {
            say_state("child");
            return 0;
          }));
  set_policy(SCHED_OTHER, 0);
}

void attributes() {
  Attributes wanted{.size = 48, .policy = SCHED_BATCH, .nice = 3};
  say("attributes: %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  say_state(" batch");
  say("flags %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 1)));
  wanted.size = 47;
  say(" short %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  say(" told %d", wanted.size >= 48);
  wanted.size = 0;
  say(" without a size %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  wanted.size = sizeof wanted;
  say(" longer %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  wanted.beyond[1] = 1;
  say(" not zero %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  wanted = {.size = 5000, .policy = SCHED_BATCH};
  say(" far too long %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  wanted = {.size = 48, .policy = SCHED_OTHER, .flags = std::uint64_t{1} << 40};
  say(" unknown flag %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  wanted = {.size = 48, .policy = SCHED_FIFO};
  say(" no priority %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  wanted = {.size = 48, .policy = 77};
  say(" no such policy %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  say(" nowhere %s", outcome(::syscall(SYS_sched_setattr, 0, 16, 0)));
  // Deadlines: runtime, deadline, period.
  for (const auto& times : {std::array<std::uint64_t, 3>{0, 0, 0},
                            {1000, 1'000'000, 1'000'000},
                            {2'000'000, 1'000'000, 1'000'000},
                            {1024, 1'000'000, 500'000},
                            {1024, 2048, 2048},
                            {1024, 1ull << 62, 1ull << 62},
                            {1024, 1'000'000, 1ull << 63}}) {
    wanted = {.size = 48, .policy = 6, .runtime = times[0], .deadline = times[1], .period = times[2]};
    say(" deadline %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  }
  say("\n");
  say("read: short %s", outcome(::syscall(SYS_sched_getattr, 0, &wanted, 47, 0)));
  say(" long %s", outcome(::syscall(SYS_sched_getattr, 0, &wanted, 4097, 0)));
  say(" flags %s", outcome(::syscall(SYS_sched_getattr, 0, &wanted, 48, 1)));
  say(" nobody %s\n", outcome(::syscall(SYS_sched_getattr, 99999, &wanted, 48, 0)));
  // What is kept.
  wanted = {.size = 48, .policy = SCHED_OTHER, .flags = 8 | 1, .nice = 40};
  say("the policy is kept: %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  say_state("");
  wanted = {.size = 48, .policy = SCHED_OTHER, .flags = 0x10, .nice = 1};
  say("the rest is kept: %s", outcome(::syscall(SYS_sched_setattr, 0, &wanted, 0)));
  say_state("");
  wanted = {.size = 48, .policy = SCHED_OTHER};
  ::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

void nice_values() {
  for (const int nice : {-30, -20, -1, 0, 19, 30}) {
    say("nice %d: %s", nice, outcome(::setpriority(PRIO_PROCESS, 0, nice)));
    say(", is %d\n", ::getpriority(PRIO_PROCESS, 0));
  }
  ::setpriority(PRIO_PROCESS, 0, 2);
  say_proc();
  static pid_t thread_id;
  pthread_t thread;
  ::pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        thread_id = static_cast<pid_t>(::syscall(SYS_gettid));
        say("a thread has it: %d", ::getpriority(PRIO_PROCESS, 0));
        ::setpriority(PRIO_PROCESS, 0, 7);
        say(", and its own: %d", ::getpriority(PRIO_PROCESS, thread_id));
        say(" beside %d\n", ::getpriority(PRIO_PROCESS, ::getpid()));
        return nullptr;
      },
      nullptr);
  ::pthread_join(thread, nullptr);
  say_end("a group of its own", in_child([] {
            ::setpgid(0, 0);
            say("group %s", outcome(::setpriority(PRIO_PGRP, 0, 5)));
            say(" %d %d", ::getpriority(PRIO_PGRP, 0), ::getpriority(PRIO_PROCESS, 0));
            say(" wrong %s", outcome(::getpriority(3, 0)));
            errno = 0;
            say(" nobody %s\n", outcome(::getpriority(PRIO_PGRP, 99999)));
            return 0;
          }));
  say("ours: %d\n", ::getpriority(PRIO_PROCESS, 0));
  ::setpriority(PRIO_PROCESS, 0, 0);
}

// What nobody but root may.
int as_somebody() {
  const rlimit realtime{5, 5}, nice{22, 22};
  say("first: %s", outcome(set_policy(SCHED_FIFO, 1)));
  say(" %s", outcome(::setpriority(PRIO_PROCESS, 0, -1)));
  say(" %s", outcome(::setpriority(PRIO_PROCESS, 0, 3)));
  say(" %s", outcome(::setpriority(PRIO_PROCESS, 0, 2)));
  say(" %s", outcome(::setpriority(PRIO_PROCESS, 1, 19)));
  say(" %s\n", outcome(::setpriority(PRIO_PROCESS, ::getppid(), 19)));
  const sched_param none{};
  say("the parent: %s", outcome(::sched_setscheduler(::getppid(), SCHED_BATCH, &none)));
  say(" idle %s", outcome(set_policy(SCHED_IDLE, 0)));
  say(" and back %s\n", outcome(set_policy(SCHED_OTHER, 0)));
  say("limits cannot be raised: %s", outcome(::setrlimit(RLIMIT_RTPRIO, &realtime)));
  say(" %s\n", outcome(::setrlimit(RLIMIT_NICE, &nice)));
  return 0;
}
void rights() {
  say_end("without rights", in_child([] {
            const rlimit none{0, 0};
            ::setrlimit(RLIMIT_RTPRIO, &none);
            ::setrlimit(RLIMIT_NICE, &none);
            return ::setresuid(1000, 1000, 1000) == 0 ? as_somebody() : 1;
          }));
}

int run() {
  ::setpriority(PRIO_PROCESS, 0, 0);  // whatever the tests run with
  policies();
  attributes();
  nice_values();
  rights();
  return 0;
}

const Topic topic("scheduling_policies", run);

}  // namespace
