#include "tests/fuzz/syscalls/actions.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/resource.h>

#include <atomic>

#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/worker.h"

namespace fuzz {
namespace {

// What a new process or thread begins with. In the maker's memory: of a thread until it has read it, so each has its
// own.
struct Start {
  std::uint64_t seed;
  const World* world;
  unsigned depth;
  std::uint64_t calls;
  void (*body)(Worker&);
};
Start starts[kStackCount];
// No stack is used twice: two threads on one would run wild, and then nothing of a seed can be repeated.
std::atomic<unsigned> stacks_taken;

void begin_child(void* argument) {
  const Start start = *static_cast<Start*>(argument);
  Worker worker(start.seed, *start.world, start.depth);
  if (start.body != nullptr)
    start.body(worker);
  else
    worker.run(start.calls);
  Worker::leave(worker.random());
}

Start make_start(Worker& worker) {
  return {worker.random().next(), &worker.world(), worker.depth() + 1, 10 + worker.random().below(80), nullptr};
}

constexpr std::uint64_t kShareable[] = {CLONE_FS,           CLONE_FILES,          CLONE_SIGHAND, CLONE_VM,
                                        CLONE_THREAD,       CLONE_SYSVSEM,        CLONE_PARENT,  CLONE_PARENT_SETTID,
                                        CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID, CLONE_SETTLS,  CLONE_UNTRACED,
                                        CLONE_PIDFD,        CLONE_PTRACE,         CLONE_IO,      CLONE_VFORK};
constexpr std::uint64_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

void fork_process(Worker& worker) {
  if (!worker.may_fork()) return;
  Start start = make_start(worker);
  worker.end(spawn(SYS_fork, 0, 0, 0, 0, 0, begin_child, &start));
}

void fork_and_wait(Worker& worker) {
  if (!worker.may_fork()) return;
  Start start = make_start(worker);
  start.calls = worker.random().below(12);
  start.body = worker.random().one_in(2) ? execute_something : nullptr;
  worker.end(spawn(SYS_vfork, 0, 0, 0, 0, 0, begin_child, &start));
}

void clone_something(Worker& worker, std::uint64_t flags, std::uint64_t stack, Start* start) {
  Random& random = worker.random();
  Values& values = worker.values();
  const std::uint64_t parent_tid = values.any_address(), child_tid = values.any_address(), tls = values.word();
  if (worker.world().where == Where::kNative) flags &= ~std::uint64_t{0x7e02'0080};  // namespaces
  if (random.one_in(3)) {
    std::uint64_t* arguments = values.room(88);
    const std::uint64_t lowest = stack == 0 ? 0 : stack - kStackSize;
    const std::uint64_t filled[] = {flags & ~std::uint64_t{0xff},
                                    values.any_address(),
                                    child_tid,
                                    parent_tid,
                                    flags & 0xff,
                                    lowest,
                                    stack == 0 ? 0 : kStackSize,
                                    tls,
                                    0,
                                    0,
                                    0};
    for (int index = 0; index < 11; ++index) arguments[index] = filled[index];
    // A field that is anything, but never a stack that would be another thread's or the kernel's.
    const std::uint64_t odd = random.below(11);
    if (random.one_in(4) && odd != 5 && odd != 6 && odd != 0) arguments[odd] = values.word();
    const std::uint64_t size = random.one_in(6) ? values.number() : random.one_of({64ull, 80ull, 88ull});
    worker.end(spawn(SYS_clone3, address_of(arguments), size, 0, 0, 0, begin_child, start));
  } else {
    worker.end(spawn(SYS_clone, flags, stack, parent_tid, child_tid, tls, begin_child, start));
  }
}

void clone_thread(Worker& worker, std::uint64_t flags) {
  if (!worker.may_fork()) return;
  const unsigned index = stacks_taken.fetch_add(1, std::memory_order_relaxed);
  if (index >= kStackCount) return;
  starts[index] = make_start(worker);
  clone_something(worker, flags, kStacks + (index + 1) * kStackSize, &starts[index]);
}

void make_thread(Worker& worker) {
  clone_thread(worker, kThreadFlags | (worker.random().one_in(2) ? CLONE_CHILD_CLEARTID : 0));
}

void clone_any(Worker& worker) {
  Random& random = worker.random();
  std::uint64_t flags = random.one_in(2) ? 17 : worker.values().signal() & 0xff;
  for (std::uint64_t part = random.below(6); part > 0; --part) flags |= random.one_of(kShareable);
  if (random.one_in(8)) flags |= std::uint64_t{1} << random.below(64);
  // Two of them on one stack must not run at the same time: those that share memory get one of their own.
  if ((flags & CLONE_VM) != 0) return clone_thread(worker, flags);
  if (!worker.may_fork()) return;
  Start start = make_start(worker);
  clone_something(worker, flags, 0, &start);
}

void signal_family(Worker& worker) {
  const long self = raw(SYS_getpid);
  const std::int32_t other = worker.values().pid();
  worker.end(raw(SYS_kill,
                 static_cast<std::uint64_t>(std::int64_t{other > 0 ? other : static_cast<std::int32_t>(self)}),
                 worker.random().one_of({10ull, 12ull, 14ull, 17ull, 19ull, 18ull, 20ull, 9ull, 11ull, 34ull})));
}

// A process's own limits; those above what is needed to go on at all.
void lower_limit(Worker& worker) {
  std::uint64_t* limit = worker.values().room(16);
  limit[0] = limit[1] = worker.random().one_of({0ull, 1ull, 1ull << 12, 1ull << 16, 1ull << 20, 1ull << 24});
  worker.end(raw(SYS_setrlimit, worker.random().below(16), address_of(limit)));
}

struct Action {
  const char* name;
  unsigned weight;
  void (*perform)(Worker&);
};
constexpr Action kActions[] = {
    {"(fork)", 6, fork_process},
    {"(vfork)", 4, fork_and_wait},
    {"(thread)", 5, make_thread},
    {"(clone)", 5, clone_any},
    {"(signal)", 4, signal_family},
    {"(limit)", 1, lower_limit},
    {"(exec)", 5, [](Worker& worker) { in_child(worker, execute_something); }},
    {"(jump)", 4, [](Worker& worker) { in_child(worker, jump_somewhere); }},
    {"(sigreturn)", 6, [](Worker& worker) { in_child(worker, return_from_signal); }},
    {"(instructions)", 6, [](Worker& worker) { in_child(worker, run_instructions); }},
    {"(touch)", 4, [](Worker& worker) { in_child(worker, touch_somewhere); }},
    {"(walk /proc)", 3, walk_proc},
    {"(tree)", 2, grow_tree},
    {"(mounts)", 2, mount_deep},
};
constexpr std::size_t kActionCount = sizeof kActions / sizeof kActions[0];

}  // namespace

long spawn(std::uint64_t number, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d, std::uint64_t e,
           void (*entry)(void*), void* argument) {
  long result;
  register std::uint64_t r10 asm("r10") = d;
  register std::uint64_t r8 asm("r8") = e;
  register void (*in_child)(void*) asm("r12") = entry;
  register void* given asm("r13") = argument;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "and $-16, %%rsp\n\t"
      "call *%%r12\n\t"
      "ud2\n"
      "1:"
      : "=a"(result)
      : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(in_child), "r"(given)
      : "rcx", "r11", "memory");
  return result;
}

void in_child(Worker& worker, void (*body)(Worker&)) {
  if (!worker.may_fork()) {
    // Rather than not at all; the family's supervisor makes a new process.
    if (worker.random().one_in(16)) body(worker);
    return;
  }
  Start start = make_start(worker);
  start.body = body;
  worker.end(spawn(SYS_fork, 0, 0, 0, 0, 0, begin_child, &start));
}

void perform_action(Worker& worker) {
  unsigned total = 0;
  for (const Action& action : kActions) total += action.weight;
  std::uint64_t at = worker.random().below(total), index = 0;
  while (at >= kActions[index].weight) at -= kActions[index++].weight;
  worker.begin(kActionBase + index, {0, 0, 0, 0, 0, 0});
  kActions[index].perform(worker);
}

const char* action_name(std::uint64_t number) {
  return number - kActionBase < kActionCount ? kActions[number - kActionBase].name : "?";
}

}  // namespace fuzz
