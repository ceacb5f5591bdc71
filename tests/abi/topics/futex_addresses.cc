// futex(2) on words that are not there, or not as they would have to be.
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static constexpr unsigned long kPage = 4096;

static const char* futex(unsigned long address, int operation, unsigned value, unsigned long count,
                         unsigned long second, unsigned third) {
  return outcome(::syscall(SYS_futex, address, operation, value, count, second, third));
}

static int run() {
  const auto map = [](int protection, int type) {
    return reinterpret_cast<unsigned long>(::mmap(nullptr, kPage, protection, type | MAP_ANONYMOUS, -1, 0));
  };
  const unsigned long hole = map(PROT_READ, MAP_PRIVATE), word = map(PROT_READ | PROT_WRITE, MAP_PRIVATE);
  const unsigned long readable = map(PROT_READ, MAP_PRIVATE), closed = map(PROT_NONE, MAP_PRIVATE);
  const unsigned long shared = map(PROT_READ | PROT_WRITE, MAP_SHARED), shared_readable = map(PROT_READ, MAP_SHARED);
  ::munmap(reinterpret_cast<void*>(hole), kPage);
  struct {
    const char* name;
    unsigned long address;
  } const places[] = {{"null", 0},
                      {"a hole", hole},
                      {"unaligned", word + 2},
                      {"a word", word},
                      {"read-only", readable},
                      {"PROT_NONE", closed},
                      {"shared", shared},
                      {"shared read-only", shared_readable},
                      {"the kernel's half", 0xffff'8000'0000'0000},
                      {"the last word", ~0ul - 3}};
  for (const auto& place : places) {
    for (const int scope : {0, FUTEX_PRIVATE_FLAG}) {
      const unsigned long at = place.address;
      say("%s, %s: wake %s, ", place.name, scope == 0 ? "shared" : "private",
          futex(at, FUTEX_WAKE | scope, 1, 0, 0, 0));
      say("wait %s, ", futex(at, FUTEX_WAIT | scope, 1, 0, 0, 0));
      say("wake bits %s, ", futex(at, FUTEX_WAKE_BITSET | scope, 1, 0, 0, 1));
      say("requeue from %s, ", futex(at, FUTEX_REQUEUE | scope, 1, 1, word, 0));
      say("to %s, ", futex(word, FUTEX_REQUEUE | scope, 1, 1, at, 0));
      say("compare %s, ", futex(at, FUTEX_CMP_REQUEUE | scope, 1, 1, word, 1));
      say("wake and change %s, ", futex(at, FUTEX_WAKE_OP | scope, 1, 1, word, 0));
      say("the other one %s\n", futex(word, FUTEX_WAKE_OP | scope, 1, 1, at, 0));
    }
  }
  return 0;
}

static const Topic topic("futex_addresses", run);
