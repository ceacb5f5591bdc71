// membarrier(2): an expedited barrier is for processes that asked for it; who inherits that.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

enum {
  kQuery = 0,
  kGlobal = 1,
  kGlobalExpedited = 2,
  kRegisterGlobalExpedited = 4,
  kPrivateExpedited = 8,
  kRegisterPrivateExpedited = 16,
  kPrivateExpeditedSyncCore = 32,
  kRegisterPrivateExpeditedSyncCore = 64,
};

long barrier(int command, unsigned flags = 0) {
  return ::syscall(SYS_membarrier, command, flags, 0);
}

void use(const char* who) {
  say("%s: global %s", who, outcome(barrier(kGlobal)));
  say(", expedited %s", outcome(barrier(kGlobalExpedited)));
  say(", private %s", outcome(barrier(kPrivateExpedited)));
  say(", private and serialising %s\n", outcome(barrier(kPrivateExpeditedSyncCore)));
}

int run() {
  if (arguments[0] != nullptr) {
    use("the next program");
    return 0;
  }
  constexpr long kNeeded = 0x7f;
  say("there are %d\n", (barrier(kQuery) & kNeeded) == kNeeded);
  use("at first");
  for (const int command : {kRegisterGlobalExpedited, kRegisterPrivateExpedited}) {
    say("register %d %s\n", command, outcome(barrier(command)));
    use("  then");
  }
  say_end("a child", in_child([] {
            use("  it");
            barrier(kRegisterPrivateExpeditedSyncCore);
            use("  serialising, too");
            ::execl(self_path(), "abi_topics", "membarrier", "again", nullptr);
            return 1;
          }));
  use("still");
  say("flags %s", outcome(barrier(kGlobal, 2)));
  say(", two commands %s", outcome(barrier(kGlobal | kGlobalExpedited)));
  say(", unknown %s", outcome(barrier(1 << 20)));
  say(", negative %s\n", outcome(barrier(-1)));
  return 0;
}

const Topic topic("membarrier", run);

}  // namespace
