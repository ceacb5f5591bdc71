#include "guest_stats.h"

#include "abi/husk_abi.h"
#include "arch/x86_64/privileged.h"
#include "mm/address_space.h"
#include "syscall/dispatch.h"
#include "task/out_of_memory.h"
#include "task/scheduler.h"

namespace kernel {
namespace {

husk::abi::GuestStats& stats() {
  return *mm::physical_pointer<husk::abi::GuestStats>(husk::abi::kGuestStatsGpa);
}

}  // namespace

void record_entry() {
  stats().tsc_entry = arch::read_tsc();
}

void record_payload_start() {
  stats().tsc_payload = arch::read_tsc();
}

void publish_guest_stats() {
  husk::abi::GuestStats& s = stats();
  s.tsc_end = arch::read_tsc();
  s.syscalls = syscall::call_count();
  s.page_faults = mm::fault_statistics.faults;
  s.cow_faults = mm::fault_statistics.copies;
  s.context_switches = task::context_switch_count();
  s.interrupts = task::interrupt_count();
  s.gates = arch::gate_count();
  const mm::MemoryStatistics memory = mm::memory_statistics();
  s.frames_total = memory.total_frames;
  s.frames_peak = memory.peak_frames;
  s.oom_kills = task::out_of_memory_kills();
  s.frames_given_back = memory.given_back_frames;
  s.magic = husk::abi::kGuestStatsMagic;
}

}  // namespace kernel
