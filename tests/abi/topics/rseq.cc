// Restartable sequences (rseq(2)): what may be registered, what the kernel says in the area, where a sequence goes on that a signal
// or a switch has interrupted, and what ends a program that describes one badly.
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "../topic.h"

// glibc's registration of the thread (<sys/rseq.h>, whose struct is another one than the kernel's).
extern "C" const std::ptrdiff_t __rseq_offset;
extern "C" const unsigned int __rseq_size;

using namespace abi;

constexpr std::uint32_t kSignature = 0x5305'3053;
constexpr std::uint32_t kSize = 32;

// A sequence that never ends by itself: topic_spin(area, sequence) returns when it has been aborted.
asm(R"(
  .text
topic_spin:
  movq %rsi, 8(%rdi)
topic_spin_start:
  pause
  jmp topic_spin_start
topic_spin_end:
  .long 0x53053053
topic_spin_abort:
  ret
)");
extern "C" void topic_spin(void* area, const rseq_cs* sequence);
extern "C" const char topic_spin_start[], topic_spin_end[], topic_spin_abort[];

struct alignas(64) Area {
  std::uint32_t cpu_start, cpu;
  std::uint64_t sequence;
  std::uint32_t flags, node, memory_map_cpu, rest[9];
};
static Area area, other_area;
static rseq_cs sequence;
static volatile sig_atomic_t taken_within, taken_at_abort;

static std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

static long call(const void* where, std::uint32_t size = kSize, int flags = 0, std::uint32_t signature = kSignature) {
  return ::syscall(SYS_rseq, where, size, flags, signature);
}

static void registration() {
  const auto* glibcs = static_cast<const char*>(__builtin_thread_pointer()) + __rseq_offset;
  say("AT_RSEQ_FEATURE_SIZE %lu, AT_RSEQ_ALIGN %lu, glibc's %u\n", ::getauxval(27), ::getauxval(28), __rseq_size);
  say("another one: %s\n", outcome(call(&area)));
  say("unregister another one: %s\n", outcome(call(&area, kSize, RSEQ_FLAG_UNREGISTER)));
  say("of another size: %s\n", outcome(call(glibcs, 64, RSEQ_FLAG_UNREGISTER)));
  say("another signature: %s\n", outcome(call(glibcs, kSize, RSEQ_FLAG_UNREGISTER, 1)));
  say("other flags: %s\n", outcome(call(glibcs, kSize, RSEQ_FLAG_UNREGISTER | 2)));
  say("glibc's: %s\n", outcome(call(glibcs, kSize, RSEQ_FLAG_UNREGISTER)));
  say("says %d\n", reinterpret_cast<const Area*>(glibcs)->cpu);
  say("once more: %s\n", outcome(call(glibcs, kSize, RSEQ_FLAG_UNREGISTER)));
  say("none: %s\n", outcome(call(nullptr, kSize, RSEQ_FLAG_UNREGISTER)));

  const char* start = reinterpret_cast<const char*>(&area);
  say("flags: %s\n", outcome(call(&area, kSize, 2)));
  say("unaligned: %s, %s\n", outcome(call(start + 4)), outcome(call(start + 16, 48)));
  for (const unsigned size : {0u, 16u, 28u, 31u}) say("size %u: %s\n", size, outcome(call(&area, size)));
  say("larger, unaligned: %s\n", outcome(call(start + 16, 33)));
  say("larger: %s", outcome(call(&area, 33)));
  say(", %s\n", outcome(call(&area, 33, RSEQ_FLAG_UNREGISTER)));
  say("beyond the end: %s\n", outcome(call(reinterpret_cast<void*>(0xffff'8000'0000'0000))));
  void* unmapped = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  say("no memory: %s\n", outcome(call(unmapped)));

  area = {.cpu_start = 77, .cpu = 77, .sequence = 77, .flags = 0, .node = 77, .memory_map_cpu = 77, .rest = {77}};
  say("registered: %s\n", outcome(call(&area)));
  say("on a CPU: %s, its number twice: %s, sequence %lu, node %u, rest %u\n", area.cpu < 4096 ? "yes" : "no",
      area.cpu == area.cpu_start ? "yes" : "no", static_cast<unsigned long>(area.sequence), area.node, area.rest[0]);
  say("again: %s, of another size: %s, with another signature: %s, elsewhere: %s\n", outcome(call(&area)),
      outcome(call(&area, 64)), outcome(call(&area, kSize, 0, 1)), outcome(call(&other_area)));
}

static void by_signal() {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t*, void* context) {
    const auto rip = static_cast<std::uint64_t>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
    if (rip - address_of(topic_spin_start) < sequence.post_commit_offset) taken_within = 1;
    if (rip == address_of(topic_spin_abort) && area.sequence == 0) taken_at_abort = 1;
  };
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 5000}, {0, 5000}}, never{};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  while (!taken_at_abort) topic_spin(&area, &sequence);
  ::setitimer(ITIMER_REAL, &never, nullptr);
  say("interrupted by a signal: the handler returns to the abort handler%s\n", taken_within ? ", or not" : "");

  // A sequence that is not where the thread is.
  area.sequence = address_of(&sequence);
  ::raise(SIGALRM);
  say("elsewhere: %s\n", area.sequence == 0 ? "forgotten" : "kept");
}

static void by_switch() {
  cpu_set_t all, one;
  ::sched_getaffinity(0, sizeof all, &all);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &all)) ++cpu;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ::sched_setaffinity(0, sizeof one, &one);
  const pid_t busy = in_child([] {
    for (;;) asm volatile("pause");
    return 0;
  });
  area.cpu_start = area.cpu = 99;
  topic_spin(&area, &sequence);
  say("interrupted by a switch: sequence %lu, the CPU is %s\n", static_cast<unsigned long>(area.sequence),
      area.cpu == static_cast<unsigned>(cpu) && area.cpu_start == area.cpu ? "right" : "wrong");
  ::kill(busy, SIGKILL);
  say_end("the other", busy);
  ::sched_setaffinity(0, sizeof all, &all);
}

template <typename Change>
static void badly_described(const char* what, Change change) {
  say_end(what, in_child([&] {
            ::signal(SIGALRM, [](int) {});
            rseq_cs changed = sequence;
            change(changed);
            const itimerval soon{{0, 5000}, {0, 5000}};
            ::setitimer(ITIMER_REAL, &soon, nullptr);
            topic_spin(&area, changed.version == 7 ? reinterpret_cast<const rseq_cs*>(8) : &changed);
            return 0;
          }));
}

static void who_has_one() {
  say_end("a child", in_child([] {
            say("in a child: %s", outcome(call(&area)));
            say(", %s\n", outcome(call(&area, kSize, RSEQ_FLAG_UNREGISTER)));
            return 0;
          }));
  const pid_t shares = ::vfork();
  if (shares == 0) ::_exit(call(&area, kSize, RSEQ_FLAG_UNREGISTER) == 0 ? 0 : errno);
  say_end("a child with the same memory, EINVAL is 22", shares);
  say("it is still there: %s\n", outcome(call(&area)));
}

static int run() {
  sequence.start_ip = address_of(topic_spin_start);
  sequence.post_commit_offset = address_of(topic_spin_end) - address_of(topic_spin_start);
  sequence.abort_ip = address_of(topic_spin_abort);
  registration();
  by_signal();
  by_switch();
  badly_described("as it should be", [](rseq_cs&) {});
  badly_described("a version", [](rseq_cs& it) { it.version = 1; });
  badly_described("flags", [](rseq_cs& it) { it.flags = 1; });
  badly_described("no signature", [](rseq_cs& it) { it.abort_ip += 1; });
  badly_described("aborts into itself", [](rseq_cs& it) { it.abort_ip = it.start_ip; });
  badly_described("begins nowhere", [](rseq_cs& it) { it.start_ip = ~0ul; });
  badly_described("ends nowhere", [](rseq_cs& it) { it.post_commit_offset = ~0ul - 4096; });
  badly_described("is nowhere", [](rseq_cs& it) { it.version = 7; });
  who_has_one();
  const long query = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  say("membarrier knows: %s\n", query & MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ? "yes" : "no");
  say("before it is asked for: %s\n", outcome(::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0)));
  say("asked for: %s", outcome(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0)));
  for (const int flags : {0, 1, 2})
    say(", flags %d: %s", flags, outcome(::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, 0)));
  say("\nthe end: %s\n", outcome(call(&area, kSize, RSEQ_FLAG_UNREGISTER)));
  return 0;
}

static const Topic topic("rseq", run);
