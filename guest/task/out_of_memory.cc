#include "task/out_of_memory.h"

#include "boot_parameters.h"
#include "lib/log.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "mm/unused_tables.h"
#include "task/exit.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"

namespace kernel::task {
namespace {

constinit std::uint64_t kills_ = 0;
constinit KeptMemoryReport report_kept_memory_ = nullptr;

// Null when its last thread is gone.
mm::AddressSpace* space_of(Process& process) {
  Task* thread = process.threads.front();
  return thread ? thread->space.get() : nullptr;
}

// Tables count, too: who touches one page in each of many places has more of them than pages.
std::uint64_t memory_of(Process& process) {
  const mm::AddressSpace* space = space_of(process);
  return space ? space->resident_pages() + space->page_tables() : 0;
}

// What the user gave with -m.
std::uint64_t limit_bytes() {
  const BootParameters& parameters = boot_parameters();
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < parameters.memory_count; ++i) bytes += parameters.memory[i].size;
  return bytes;
}

// The process whose end helps most, the current one if that helps as much or if nobody may be chosen. One that is ending
// already is no victim: it gives back what it can without being asked again, and may have to wait for somebody else
// before it ends (a vfork(2) parent for its child).
Process& choose_victim() {
  Process* victim = current().process.get();
  std::optional<std::int64_t> most = badness_of(*victim);
  for_each_process([&](Process& process) {
    if (const auto badness = badness_of(process); badness && (!most || *badness > *most)) {
      victim = &process;
      most = badness;
    }
    return true;
  });
  return *victim;
}

bool is_short_of_memory() {
  return mm::memory_statistics().free_frames <= mm::kKernelReserveFrames;
}

// Killing one of those who share an address space frees nothing.
void kill_all_of(mm::AddressSpace& space) {
  for_each_process([&](Process& process) {
    if (process.life.state != ProcessState::kZombie && space_of(process) == &space)
      begin_process_exit(process, signal_status(kSigKill));
    return true;
  });
}

// Whether some process is on its way out and has not ended yet.
bool somebody_is_ending() {
  bool found = false;
  for_each_process([&](Process& process) {
    found = process.life.state != ProcessState::kZombie && process.life.exiting;
    return !found;
  });
  return found;
}

void let_the_ending_end() {
  for (int turns = 0; turns < 16 && is_short_of_memory() && somebody_is_ending(); ++turns) yield();
}

// False if the current process is among the victims.
bool kill_the_largest() {
  Process& victim = choose_victim();
  mm::AddressSpace& space = *space_of(victim);
  ++kills_;
  log(LogLevel::kWarning,
      "out of memory (limit {} KiB): all {} KiB beside the kernel are in use; killed {} (pid {}) with {} KiB; allow "
      "more by -m",
      limit_bytes() >> 10, mm::memory_statistics().total_frames * 4, std::string_view(victim.threads.front()->name),
      victim.ids.pid, memory_of(victim) * 4);
  if (report_kept_memory_) report_kept_memory_();
  kill_all_of(space);
  if (&space == current().space.get()) return false;
  space.surrender_pages();
  return true;
}

}  // namespace

std::optional<std::int64_t> badness_of(Process& process) {
  if (process.life.state == ProcessState::kZombie || process.life.exiting || !space_of(process)) return {};
  if (process.policy.oom_score_adj == kLowestOomAdjustment) return {};
  const auto all = static_cast<std::int64_t>(mm::memory_statistics().total_frames);
  return static_cast<std::int64_t>(memory_of(process)) + process.policy.oom_score_adj * all / kHighestOomAdjustment;
}

bool make_room() {
  if (current().process->life.exiting) return false;
  if (mm::free_unused_tables() && !is_short_of_memory()) return true;
  let_the_ending_end();
  if (!is_short_of_memory()) return true;
  if (!kill_the_largest()) return false;
  let_the_ending_end();
  return true;
}

bool make_room_now() {
  if (current().process->life.exiting) return false;
  if (mm::free_unused_tables() && !is_short_of_memory()) return true;
  if (!kill_the_largest()) return false;
  return !is_short_of_memory();
}

void set_kept_memory_report(KeptMemoryReport report) {
  report_kept_memory_ = report;
}

std::uint64_t out_of_memory_kills() {
  return kills_;
}

}  // namespace kernel::task
