#include "tests/fuzz/syscalls/worker.h"

#include <sys/mman.h>

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/kinds.h"
#include "tests/fuzz/syscalls/raw.h"

namespace fuzz {
namespace {

// Without libc, and in one write: whole lines even where several threads trace.
void trace_line(int tid, std::uint64_t number, const std::uint64_t (&arguments)[6]) {
  char line[256];
  unsigned length = 0;
  const auto text = [&](const char* from) {
    while (*from != '\0') line[length++] = *from++;
  };
  const auto hexadecimal = [&](std::uint64_t value) {
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) line[length++] = "0123456789abcdef"[(value >> shift) & 15];
  };
  text("trace ");
  hexadecimal(static_cast<std::uint32_t>(tid));
  text(" ");
  text(call_name(number));
  for (const std::uint64_t argument : arguments) {
    text(" ");
    hexadecimal(argument);
  }
  text("\n");
  raw(SYS_write, kTraceDescriptor, address_of(line), length);
}

bool map_fixed(std::uint64_t address, std::uint64_t size, int protection, int sharing) {
  return raw(SYS_mmap, address, size, static_cast<std::uint64_t>(protection),
             static_cast<std::uint64_t>(MAP_FIXED | MAP_ANONYMOUS | sharing), ~std::uint64_t{0},
             0) == static_cast<long>(address);
}

}  // namespace

bool left_out[kMostLeftOut];

bool map_arena() {
  constexpr int kReadWrite = PROT_READ | PROT_WRITE;
  return map_fixed(kData, kDataSize, kReadWrite, MAP_PRIVATE) && map_fixed(kReadOnly, kPage, PROT_READ, MAP_PRIVATE) &&
         map_fixed(kForbidden, kPage, PROT_NONE, MAP_PRIVATE) &&
         map_fixed(kCode, kPage, kReadWrite | PROT_EXEC, MAP_PRIVATE) &&
         map_fixed(kShared, kSharedSize, kReadWrite, MAP_SHARED) &&
         map_fixed(kPlayground, kPlaygroundSize / 2, kReadWrite, MAP_PRIVATE) &&
         map_fixed(kStacks, kStackCount * kStackSize, kReadWrite, MAP_PRIVATE) &&
         map_fixed(kSignalStacks, kSignalStackCount * kStackSize, kReadWrite, MAP_PRIVATE);
}

Worker::Worker(std::uint64_t seed, const World& world, unsigned depth)
    : seed_(seed),
      random_(seed),
      world_(world),
      values_(random_, world),
      slot_(world.block->take_slot()),
      depth_(depth) {
  slot_.pid = static_cast<std::int32_t>(raw(SYS_getpid));
  slot_.tid = static_cast<std::int32_t>(raw(SYS_gettid));
}

bool Worker::may_fork() {
  return depth_ < 3 && world_.block->forks_left.fetch_sub(1, std::memory_order_relaxed) > 0;
}

void Worker::begin(std::uint64_t number, const std::uint64_t (&arguments)[6]) {
  Call& call = slot_.calls[slot_.made.load(std::memory_order_relaxed) % kCallsKept];
  call.number = number;
  for (int index = 0; index < 6; ++index) call.arguments[index] = arguments[index];
  call.result = 0;
  call.started = time_stamp();
  call.under_way = 1;
  slot_.made.fetch_add(1, std::memory_order_release);
  world_.block->calls.fetch_add(1, std::memory_order_relaxed);
  if (world_.trace) trace_line(slot_.tid, number, arguments);
}

void Worker::end(long result) {
  Call& call = slot_.calls[(slot_.made.load(std::memory_order_relaxed) - 1) % kCallsKept];
  call.result = result;
  call.under_way = 0;
  if (result < 0 && result > -4096) world_.block->refused.fetch_add(1, std::memory_order_relaxed);
}

void Worker::call() {
  static const std::uint64_t total = [] {
    std::uint64_t sum = 0;
    for (std::size_t index = 0; index < description_count; ++index) sum += descriptions[index].weight;
    return sum;
  }();
  std::uint64_t at = random_.below(total);
  const Description* chosen = descriptions;
  while (at >= chosen->weight) at -= chosen++->weight;
  std::uint64_t arguments[6];
  for (int index = 0; index < 6; ++index) arguments[index] = values_.make(chosen->arguments[index]);
  if (random_.one_in(100)) arguments[random_.below(6)] = values_.number();
  if (chosen->traits & kOnlyInGuest && world_.where == Where::kNative) return;
  if (chosen->traits & kNotAsRoot && world_.root) return;
  // A number above may have replaced a process id.
  for (int index = 0; world_.root && index < 6; ++index) {
    const auto id = static_cast<std::int32_t>(arguments[index]);
    if (chosen->arguments[index].kind != Kind::kPid) continue;
    if (id == -1 || (id > 0 && id <= world_.last_protected) || (id < 0 && -std::int64_t{id} <= world_.last_protected))
      arguments[index] = 0;
  }
  begin(chosen->number, arguments);
  end(raw(chosen->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
}

void Worker::run(std::uint64_t calls) {
  for (std::uint64_t index = 0; index < calls; ++index) {
    // Each call by itself follows from the seed, so that the others can be left out.
    random_ = Random(seed_ ^ (index << 20));
    if (depth_ == 0 && index < kMostLeftOut && left_out[index]) continue;
    if (random_.one_in(40))
      perform_action(*this);
    else
      call();
  }
}

void Worker::leave(Random& random) {
  for (;;) raw(random.one_in(3) ? SYS_exit : SYS_exit_group, random.below(256));
}

}  // namespace fuzz
