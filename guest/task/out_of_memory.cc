#include "task/out_of_memory.h"

#include "lib/log.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "task/exit.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"

namespace kernel::task {
namespace {

constinit std::uint64_t kills_ = 0;

std::uint64_t memory_of(Process& process) {
  Task* thread = process.threads.front();
  return thread && thread->space ? thread->space->resident_pages() : 0;
}

// The process that holds the most memory; the current one if that is as large.
Process& choose_victim() {
  Process* victim = current().process.get();
  std::uint64_t most = memory_of(*victim);
  for_each_process([&](Process& process) {
    if (process.state == ProcessState::kZombie) return true;
    if (const std::uint64_t pages = memory_of(process); pages > most) {
      victim = &process;
      most = pages;
    }
    return true;
  });
  return *victim;
}

}  // namespace

bool make_room() {
  Process& self = *current().process;
  if (self.group_exiting) return false;
  Process& victim = choose_victim();
  if (!victim.group_exiting) {
    ++kills_;
    const mm::MemoryStatistics memory = mm::memory_statistics();
    Task* thread = victim.threads.front();
    log(LogLevel::kWarning, "out of memory: all {} KiB are in use; killed {} (pid {}), which held {} KiB",
        memory.total_frames * 4, std::string_view(thread ? thread->name : "?"), victim.pid, memory_of(victim) * 4);
    begin_process_exit(victim, signal_status(kSigKill));
  }
  if (&victim == &self) return false;
  // It gives its memory back when it has run and somebody else has taken the CPU from it.
  for (int turns = 0; turns < 16 && mm::memory_statistics().free_frames <= mm::kKernelReserveFrames; ++turns) yield();
  return true;
}

std::uint64_t out_of_memory_kills() {
  return kills_;
}

}  // namespace kernel::task
