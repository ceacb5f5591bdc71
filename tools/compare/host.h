// The machine that a comparison was made on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace husk::compare {

struct Host {
  std::string cpu_model;
  unsigned cores = 0;  // online
  std::uint64_t memory_bytes = 0;
  std::string kernel;  // name and release
  std::string os;      // PRETTY_NAME of os-release(5)
  // What implements /dev/kvm: "vmx", "svm", "pvm" (page tables in software, CPL 0 emulated), "none" or "unknown".
  std::string kvm_backend;
  std::string guest_ring;  // "0" or "3": where husk's guest kernel ran; empty when none of husk's VMs was seen to run
  double load = 0;         // of the last minute, before the comparison
  // How the machine is set up, by name (host_settings.h). What cannot be known says why.
  std::map<std::string, std::string> settings;

  // While the comparison ran:
  double steal_percent = 0;   // of all cores' time that the hypervisor below gave to others (proc_stat(5), steal)
  double others_percent = 0;  // that no process of the comparison used
  double own_percent = 0;     // that it used itself, with all that it has started and waited for
  double mhz_low = 0;         // of the fastest core, which is the busy one: when that was slowest, and fastest
  double mhz_high = 0;
};

Host describe_host();

// What the KVM back end and the guest's privilege mode mean for the figures, in one sentence.
std::string meaning_of(const Host& host);

// Looks at the machine now and then while a comparison runs.
class NoiseMeter {
 public:
  NoiseMeter();
  void look();  // at the clock's speed, which costs time on a large machine: not more than a few times a second
  void finish(Host& host) const;  // fills in steal, others and clock

 private:
  // In clock ticks, of all cores.
  struct CpuTime {
    double steal = 0;
    double idle = 0;
    double own = 0;  // of this process and its descendants that were waited for
    double all = 0;
  };
  static CpuTime cpu_time();

  CpuTime begin_;
  std::uint64_t next_look_ns_ = 0;
  double mhz_low_ = 0;
  double mhz_high_ = 0;
};

// Why this machine was too noisy to believe every figure, in words; empty when nothing speaks against it.
std::vector<std::string> noise_warnings(const Host& host);

}  // namespace husk::compare
