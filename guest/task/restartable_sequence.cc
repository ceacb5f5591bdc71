#include "task/restartable_sequence.h"

#include <cstddef>

#include "abi/husk_abi.h"
#include "mm/user_ptr.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::task {
namespace {

// struct rseq (<linux/rseq.h>), as far as it has its first size, 32 bytes.
struct Area {
  std::uint32_t cpu_start;
  std::uint32_t cpu;
  std::uint64_t sequence;  // a user address, 0: none
  std::uint32_t flags;
  std::uint32_t node;
  std::uint32_t memory_map_cpu;  // a small number of its own for each thread of a process that runs at the same time
  std::uint32_t unused;
};
static_assert(sizeof(Area) == 32 && offsetof(Area, memory_map_cpu) == 24);

constexpr std::uint32_t kUninitialized = 0xffff'ffff;  // RSEQ_CPU_ID_UNINITIALIZED

// struct rseq_cs.
struct Sequence {
  std::uint32_t version;
  std::uint32_t flags;
  std::uint64_t start;
  std::uint64_t size;
  std::uint64_t abort;

  bool contains(std::uint64_t address) const { return address - start < size; }
};
static_assert(sizeof(Sequence) == 32);

// The numbers are those of the only CPU. Only what is not right is written: an area that a fork left shared stays so.
Result<void> say_cpu(std::uint64_t address, const Area& now, std::uint32_t cpu) {
  if (now.cpu_start != 0 || now.cpu != cpu) {
    const std::uint32_t numbers[] = {0, cpu};
    TRY(mm::copy_to_user(address + offsetof(Area, cpu_start), numbers, sizeof numbers));
  }
  if (now.node != 0 || now.memory_map_cpu != 0) {
    const std::uint32_t numbers[] = {0, 0};
    TRY(mm::copy_to_user(address + offsetof(Area, node), numbers, sizeof numbers));
  }
  return {};
}

Result<void> forget_sequence(std::uint64_t address) {
  return mm::UserPtr<std::uint64_t>(address + offsetof(Area, sequence)).write(0);
}

// As rseq_get_rseq_cs() of Linux. The signature keeps who can write the area from choosing any address to go to.
Result<Sequence> sequence_at(std::uint64_t address, std::uint32_t signature) {
  constexpr std::uint64_t kEnd = husk::abi::kUserEnd;
  if (address >= kEnd) return Errno::kInval;
  const Sequence sequence = TRY(mm::UserPtr<const Sequence>(address).read());
  if (sequence.start >= kEnd || sequence.size >= kEnd - sequence.start || sequence.abort >= kEnd ||
      sequence.version != 0)
    return Errno::kInval;
  if (sequence.contains(sequence.abort)) return Errno::kInval;
  if (TRY(mm::UserPtr<const std::uint32_t>(sequence.abort - sizeof signature).read()) != signature)
    return Errno::kInval;
  return sequence;
}

}  // namespace

Result<void> register_sequence_area(Task& task, const SequenceArea& area) {
  TRY(forget_sequence(area.address));
  task.sequence_area = area;
  task.sequence_area.interrupted = true;  // the numbers are written on the way back
  return {};
}

Result<void> unregister_sequence_area(Task& task) {
  const std::uint64_t address = task.sequence_area.address;
  TRY(say_cpu(address, TRY(mm::UserPtr<const Area>(address).read()), kUninitialized));
  task.sequence_area = {};
  return {};
}

Result<void> leave_interrupted_sequence(Task& task, arch::TrapFrame& frame) {
  SequenceArea& registered = task.sequence_area;
  if (registered.address == 0) return {};
  registered.interrupted = false;  // a copy that has to wait for its page sets it once more
  const Area area = TRY(mm::UserPtr<const Area>(registered.address).read());
  if (area.sequence != 0) {
    const Sequence sequence = TRY(sequence_at(area.sequence, registered.signature));
    if (sequence.contains(frame.rip)) {
      // Flags that would have it go on all the same are no more (Linux 6.1).
      if (area.flags != 0 || sequence.flags != 0) return Errno::kInval;
      TRY(forget_sequence(registered.address));
      frame.rip = sequence.abort;
    } else {
      TRY(forget_sequence(registered.address));
    }
  }
  return say_cpu(registered.address, area, 0);
}

void leave_interrupted_sequence_or_fault(Task& task, arch::TrapFrame& frame) {
  if (!leave_interrupted_sequence(task, frame)) force_signal(task, kernel_signal(kSigSegv));
}

}  // namespace kernel::task
