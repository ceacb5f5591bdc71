// When what happened in one run of a micro-VM, and what the guest counted. For `--log-level debug` and `--stats`.
//
// The guest's moments are TSC readings in shared memory and untrusted: they are shown, never used for a decision.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "abi/husk_abi.h"
#include "common/monotonic.h"
#include "vmm/kvm/statistics.h"

namespace husk::machine {

struct Timeline {
  // Host moments, CLOCK_MONOTONIC in ns. 0: never reached.
  std::uint64_t main_ns = 0;           // first line of main()
  std::uint64_t exec_cpu_ns = 0;       // CPU time that the process had used by then (exec, linking, libc's start)
  std::uint64_t vm_created_ns = 0;     // VM, memory slots and vCPU exist
  std::uint64_t guest_entered_ns = 0;  // just before the first KVM_RUN
  std::uint64_t guest_left_ns = 0;     // the exit register was written, or the VM failed
  std::uint64_t gone_ns = 0;           // the VM's descriptors are closed

  // One moment on both clocks, and the TSC's frequency: converts the guest's moments.
  std::uint64_t reference_tsc = 0;
  std::uint64_t reference_ns = 0;
  std::uint32_t tsc_khz = 0;

  abi::GuestStats guest{};  // copied when the VM ended; magic is 0 if the guest wrote none
  std::uint64_t exits_mmio = 0;
  std::uint64_t exits_signal = 0;
  std::uint64_t exits_other = 0;

  // KVM's counters of the VM and its vCPU when it ended; empty unless MachineConfig::wants_kvm_counters.
  std::vector<kvm::Counter> kvm_counters;
  // Instructions of guest CPL 0, where KVM emulates each and so counts it; nothing elsewhere.
  std::optional<std::uint64_t> guest_cpl0_instructions;

  const char* backend = "";  // "vmx", "svm", "pvm" or "unknown"; set where somebody reads it
  int guest_ring = 0;

  bool has_guest_stats() const { return guest.magic == abi::kGuestStatsMagic; }
  std::uint64_t host_ns(std::uint64_t guest_tsc) const;  // on CLOCK_MONOTONIC
};

// Writes the timeline to the log at debug level.
void log_timeline(const Timeline& timeline);

// The file of `--stats`: one JSON object; docs/stats.md says what each member is. Opened before the guest runs, since
// nothing can be opened afterwards (vmm/sandbox). Throws husk::Error.
class StatsFile {
 public:
  explicit StatsFile(const std::string& path);
  void write(const Timeline& timeline, int exit_status);
  int descriptor() const { return ::fileno(file_.get()); }

 private:
  std::string path_;
  std::unique_ptr<char[]> buffer_;  // the stream's
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
};

}  // namespace husk::machine
