#include "tools/compare/host.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "tools/compare/host_settings.h"
#include "tools/compare/process.h"

namespace husk::compare {
namespace {

// The value of the first line of `path` that begins with `key` and `separator`.
std::string value_of(const char* path, std::string_view key, char separator) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(key)) continue;
    std::size_t begin = line.find(separator);
    if (begin == std::string::npos) continue;
    begin = line.find_first_not_of(" \t\"", begin + 1);
    const std::size_t end = line.find_last_not_of(" \t\"");
    return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
  }
  return "unknown";
}

std::string kvm_backend() {
  const auto loaded = [](const char* module) {
    return access((std::string("/sys/module/") + module).c_str(), F_OK) == 0;
  };
  if (access("/dev/kvm", F_OK) != 0) return "none";
  if (loaded("kvm_pvm")) return "pvm";
  if (loaded("kvm_intel")) return "vmx";
  if (loaded("kvm_amd")) return "svm";
  return "unknown";
}

// Of this process and its descendants that were waited for, in clock ticks.
double own_time() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
  }
  return seconds * static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

}  // namespace

std::string meaning_of(const Host& host) {
  if (host.kvm_backend == "pvm") {
    return "KVM works in software here (kvm_pvm: page tables, no VMX or SVM), emulates every instruction of guest CPL "
           "0, and "
           "an exit costs tens of microseconds" +
           std::string(host.guest_ring == "3" ? ", so husk runs its guest kernel in CPL 3: " : ": ") +
           "figures of VMs that depend on exits, traps or CPL 0 are upper bounds of what VMX or SVM would show.";
  }
  if (host.kvm_backend == "vmx" || host.kvm_backend == "svm") {
    return "KVM uses the processor's own virtualization (" + host.kvm_backend + ")" +
           (host.guest_ring == "0" ? ", and husk's guest kernel runs in CPL 0 natively: " : ": ") +
           "figures of VMs are what hardware gives, unless this machine is itself a VM, whose exits are nested.";
  }
  if (host.kvm_backend == "none") return "There is no KVM here: nothing is said about VMs.";
  return "It is not known how KVM works here: compare figures of VMs with those of this machine only.";
}

NoiseMeter::CpuTime NoiseMeter::cpu_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  CpuTime time;
  file >> word;
  // user nice system idle iowait irq softirq steal; guest times are part of user and nice.
  constexpr int kFields = 8;
  constexpr int kIdle = 3;
  constexpr int kIowait = 4;
  for (int field = 0; field < kFields; ++field) {
    double ticks = 0;
    file >> ticks;
    time.all += ticks;
    if (field == kIdle || field == kIowait) time.idle += ticks;
    if (field == kFields - 1) time.steal = ticks;
  }
  time.own = own_time();
  return time;
}

NoiseMeter::NoiseMeter() : begin_(cpu_time()) {
  look();
}

void NoiseMeter::look() {
  constexpr std::uint64_t kPauseNs = 500'000'000;
  const std::uint64_t now = monotonic_ns();
  if (now < next_look_ns_) return;
  next_look_ns_ = now + kPauseNs;
  // Idle cores clock down, which is no noise.
  double mhz = 0;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("cpu MHz")) mhz = std::max(mhz, std::atof(line.c_str() + line.find(':') + 1));
  }
  if (mhz == 0) return;
  if (mhz_low_ == 0 || mhz < mhz_low_) mhz_low_ = mhz;
  if (mhz > mhz_high_) mhz_high_ = mhz;
}

void NoiseMeter::finish(Host& host) const {
  const CpuTime end = cpu_time();
  const double all = end.all - begin_.all;
  if (all > 0) {
    const double steal = end.steal - begin_.steal;
    const double known = steal + (end.idle - begin_.idle) + (end.own - begin_.own);
    host.steal_percent = 100 * steal / all;
    host.others_percent = std::max(0.0, 100 * (all - known) / all);
    host.own_percent = 100 * (end.own - begin_.own) / all;
  }
  host.mhz_low = mhz_low_;
  host.mhz_high = mhz_high_;
}

std::vector<std::string> noise_warnings(const Host& host) {
  constexpr double kOthersPercent = 5;
  constexpr double kStealPercent = 1;
  constexpr double kClockSpread = 1.1;
  std::vector<std::string> warnings;
  if (host.others_percent > kOthersPercent) {
    warnings.push_back("other programs, or the kernel for them, took " + number(host.others_percent) +
                       " % of the processors' time: repeat it on a quiet one before you believe a figure");
  }
  if (host.steal_percent > kStealPercent) {
    warnings.push_back("the hypervisor below this machine gave " + number(host.steal_percent) +
                       " % of its time to others: intervals are wide, and tails are not the runners' own");
  }
  if (host.mhz_low > 0 && host.mhz_high > kClockSpread * host.mhz_low) {
    warnings.push_back("the processor's clock went from " + number(host.mhz_low) + " to " + number(host.mhz_high) +
                       " MHz: fix it (cpupower frequency-set -g performance) for steadier figures");
  }
  return warnings;
}

Host describe_host() {
  Host host;
  host.cpu_model = value_of("/proc/cpuinfo", "model name", ':');
  host.os = value_of("/etc/os-release", "PRETTY_NAME", '=');
  host.cores = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  struct sysinfo memory {};
  if (sysinfo(&memory) == 0) host.memory_bytes = std::uint64_t{memory.totalram} * memory.mem_unit;
  utsname name{};
  if (uname(&name) == 0) host.kernel = std::string(name.sysname) + " " + name.release;
  host.kvm_backend = kvm_backend();
  host.settings = host_settings();
  double load = 0;
  if (getloadavg(&load, 1) == 1) host.load = load;
  return host;
}

}  // namespace husk::compare
