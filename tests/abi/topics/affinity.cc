// sched_setaffinity(2) and sched_getaffinity(2), and other attributes of the scheduler, of other processes: who is
// asked for whose.
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "../topic.h"

using namespace abi;

namespace {

std::uint64_t mask = 1;

const char* set(int pid, std::size_t size = sizeof mask, void* address = &mask) {
  return outcome(::syscall(SYS_sched_setaffinity, pid, size, address));
}
const char* get(int pid, std::size_t size = 1024) {
  static std::uint64_t out[128];
  return outcome(::syscall(SYS_sched_getaffinity, pid, size, out));
}

int run() {
  say("own: set %s", set(0));
  say(", get %s\n", get(0));
  say("child and parent: ");
  const pid_t child = in_child([] {
    ::setresuid(1000, 1000, 1000);
    ::pause();
    return 0;
  });
  await_asleep(child);
  say("root sets a user's: %s\n", set(child));
  say_end("a user", in_child([&] {
            ::setresuid(1001, 1001, 1001);
            say("  another user's: set %s", set(child));
            say(", get %s\n", get(child));
            say("  root's: set %s", set(::getppid()));
            say(", get %s\n", get(::getppid()));
            const sched_param parameter{};
            say("  another user's policy %s", outcome(::sched_setscheduler(child, SCHED_BATCH, &parameter)));
            say(", parameters %s", outcome(::sched_setparam(child, &parameter)));
            say(", read %s\n", outcome(::sched_getscheduler(child)));
            return 0;
          }));
  say_end("the same user", in_child([&] {
            ::setresuid(1000, 1000, 1000);
            say("  set %s\n", set(child));
            return 0;
          }));
  say_end("one that acts as the user", in_child([&] {
            ::setresuid(1001, 1000, 1001);
            say("  set %s\n", set(child));
            return 0;
          }));
  ::kill(child, SIGKILL);
  say_end("child", child);
  say("nobody: set %s", set(99999));
  say(", get %s\n", get(99999));
  say("negative: set %s", set(-1));
  say(", get %s\n", get(-1));
  say("no mask: %s", set(0, 0));
  say(", bad address %s", set(0, 8, nullptr));
  say(", bad address of nobody %s", set(99999, 8, nullptr));
  say(", too small to read %s", get(0, 4));
  say(", odd %s\n", get(0, 1023));
  mask = 0;
  say("an empty mask: %s, of nobody ", set(0));
  say("%s\n", set(99999));
  return 0;
}

const Topic topic("affinity", run);

}  // namespace
