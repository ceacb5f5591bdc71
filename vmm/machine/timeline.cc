#include "vmm/machine/timeline.h"

#include <cstdio>

#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::machine {
namespace {

// Signed: a guest may have written anything, and clocks are read one after the other.
double microseconds(std::uint64_t from_ns, std::uint64_t to_ns) {
  return static_cast<double>(static_cast<std::int64_t>(to_ns - from_ns)) / 1000;
}

}  // namespace

std::uint64_t Timeline::host_ns(std::uint64_t guest_tsc) const {
  if (tsc_khz == 0) return 0;
  const auto ticks = static_cast<std::int64_t>(guest_tsc - reference_tsc);
  return reference_ns + static_cast<std::uint64_t>(
                            static_cast<std::int64_t>(static_cast<double>(ticks) * 1e6 / static_cast<double>(tsc_khz)));
}

void log_timeline(const Timeline& t) {
  using log::Severity;
  if (!log::enabled(Severity::kDebug)) return;
  const auto step = [](const char* what, std::uint64_t from, std::uint64_t to) {
    if (from != 0 && to != 0) log::print(Severity::kDebug, "timeline: %-28s %10.1f us", what, microseconds(from, to));
  };
  log::print(Severity::kDebug, "timeline: %-28s %10.1f us (CPU time before main)", "exec",
             static_cast<double>(t.exec_cpu_ns) / 1000);
  step("VM created", t.main_ns, t.vm_created_ns);
  step("guest entered", t.vm_created_ns, t.guest_entered_ns);
  if (t.has_guest_stats()) {
    step("kernel's first instruction", t.guest_entered_ns, t.host_ns(t.guest.tsc_entry));
    step("payload started", t.host_ns(t.guest.tsc_entry), t.host_ns(t.guest.tsc_payload));
    if (t.guest.tsc_end != 0) {
      step("payload ended", t.host_ns(t.guest.tsc_payload), t.host_ns(t.guest.tsc_end));
      step("guest left", t.host_ns(t.guest.tsc_end), t.guest_left_ns);
    }
  } else {
    step("guest left", t.guest_entered_ns, t.guest_left_ns);
  }
  step("gone", t.guest_left_ns, t.gone_ns);
  step("main to gone", t.main_ns, t.gone_ns);
  log::print(Severity::kDebug, "guest ring %d on %s; exits to husk: %llu mmio, %llu signal, %llu other", t.guest_ring,
             t.backend, static_cast<unsigned long long>(t.exits_mmio), static_cast<unsigned long long>(t.exits_signal),
             static_cast<unsigned long long>(t.exits_other));
  if (!t.has_guest_stats()) return;
  const abi::GuestStats& g = t.guest;
  log::print(Severity::kDebug,
             "guest: %llu system calls, %llu page faults (%llu copy-on-write), %llu context switches, %llu interrupts, "
             "%llu gates; %llu of %llu page frames at most; %llu killed for lack of memory",
             static_cast<unsigned long long>(g.syscalls), static_cast<unsigned long long>(g.page_faults),
             static_cast<unsigned long long>(g.cow_faults), static_cast<unsigned long long>(g.context_switches),
             static_cast<unsigned long long>(g.interrupts), static_cast<unsigned long long>(g.gates),
             static_cast<unsigned long long>(g.frames_peak), static_cast<unsigned long long>(g.frames_total),
             static_cast<unsigned long long>(g.oom_kills));
}

StatsFile::StatsFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "we"), &std::fclose) {
  if (!file_) throw Error::from_errno("write", path);
  // Now, since a stream that has to make its buffer asks fstat(2), which a confined VMM may not.
  constexpr std::size_t kBufferSize = 4096;
  buffer_ = std::make_unique<char[]>(kBufferSize);
  std::setvbuf(file_.get(), buffer_.get(), _IOFBF, kBufferSize);
}

void StatsFile::write(const Timeline& t, int exit_status) {
  FILE* out = file_.get();
  const auto number = [out](const char* name, std::uint64_t value) {
    std::fprintf(out, ",\n  \"%s\": %llu", name, static_cast<unsigned long long>(value));
  };
  std::fprintf(out, "{\n  \"schema\": 1,\n  \"backend\": \"%s\",\n  \"guest_ring\": %d,\n  \"exit_status\": %d",
               t.backend, t.guest_ring, exit_status);
  number("exec_cpu_ns", t.exec_cpu_ns);
  number("main_ns", t.main_ns);
  number("vm_created_ns", t.vm_created_ns);
  number("guest_entered_ns", t.guest_entered_ns);
  if (t.has_guest_stats()) {
    number("kernel_entry_ns", t.host_ns(t.guest.tsc_entry));
    if (t.guest.tsc_payload != 0) number("payload_started_ns", t.host_ns(t.guest.tsc_payload));
    if (t.guest.tsc_end != 0) number("payload_ended_ns", t.host_ns(t.guest.tsc_end));
  }
  number("guest_left_ns", t.guest_left_ns);
  number("gone_ns", t.gone_ns);
  number("exits_mmio", t.exits_mmio);
  number("exits_signal", t.exits_signal);
  number("exits_other", t.exits_other);
  if (t.has_guest_stats()) {
    number("guest_syscalls", t.guest.syscalls);
    number("guest_page_faults", t.guest.page_faults);
    number("guest_cow_faults", t.guest.cow_faults);
    number("guest_context_switches", t.guest.context_switches);
    number("guest_interrupts", t.guest.interrupts);
    number("guest_gates", t.guest.gates);
    number("guest_frames_total", t.guest.frames_total);
    number("guest_frames_peak", t.guest.frames_peak);
    number("guest_oom_kills", t.guest.oom_kills);
    number("guest_frames_given_back", t.guest.frames_given_back);
  }
  if (t.guest_cpl0_instructions) number("guest_cpl0_instructions", *t.guest_cpl0_instructions);
  if (!t.kvm_counters.empty()) {
    const char* separator = "";
    std::fprintf(out, ",\n  \"kvm_stats\": {");
    for (const kvm::Counter& counter : t.kvm_counters) {
      std::fprintf(out, "%s\n    \"%s\": %llu", separator, counter.name.c_str(),
                   static_cast<unsigned long long>(counter.value));
      separator = ",";
    }
    std::fprintf(out, "\n  }");
  }
  std::fprintf(out, "\n}\n");
  if (std::fflush(out) != 0 || std::ferror(out) != 0) throw Error::from_errno("write", path_);
}

}  // namespace husk::machine
