#include "vmm/cli/doctor.h"

#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "vmm/boot/ring_probe.h"
#include "vmm/cache/cache_dir.h"
#include "vmm/error.h"
#include "vmm/kvm/system.h"
#include "vmm/machine/backend.h"
#include "vmm/machine/host_probe.h"
#include "vmm/runner/namespaces.h"

namespace husk::cli {
namespace {

void line(const char* topic, const std::string& text) {
  std::printf("%-14s %s\n", topic, text.c_str());
}

// Whether a VM can be made and its vCPU runs; says what it measured.
void check_virtual_machine(const kvm::System& system) {
  struct Need {
    std::uint32_t capability;
    const char* name;
  };
  constexpr Need kNeeds[] = {{KVM_CAP_SPLIT_IRQCHIP, "split interrupt controller (Linux 4.5)"},
                             {KVM_CAP_SIGNAL_MSI, "message-signalled interrupts"},
                             {KVM_CAP_READONLY_MEM, "read-only memory slots"},
                             {KVM_CAP_TSC_DEADLINE_TIMER, "TSC-deadline timer"}};
  for (const Need& need : kNeeds) {
    if (system.check_extension(need.capability) == 0) {
      throw Error("use", "this KVM", std::string("it has no ") + need.name, "install a newer kernel");
    }
  }
  const machine::HostProfile profile = machine::measure_host_profile(system);
  const double ticks = profile.cpl0_ticks_per_instruction;
  const boot::Ring ring = boot::best_ring(ticks);

  char text[160];
  std::snprintf(text, sizeof text, "%.1f TSC ticks (%.0f ns) per instruction: %s", ticks, ticks * 1e6 / profile.tsc_khz,
                ring == boot::Ring::kRing3 ? "KVM emulates it" : "runs natively");
  line("guest CPL 0", text);
  line("guest ring", ring == boot::Ring::kRing3
                         ? "3: the guest kernel runs in CPL 3, beside its payload; the VM's boundary is the same"
                         : "0: the guest kernel is protected from its payload, as usual");
}

std::string cgroup_text() {
  struct stat status {};
  const bool v2 = ::stat("/sys/fs/cgroup/cgroup.controllers", &status) == 0;
  const bool v1 = ::stat("/sys/fs/cgroup/memory", &status) == 0;
  if (v2) return "version 2";
  if (v1) return "version 1, with a memory controller";
  return "none: --isolation namespace cannot limit memory";
}

// Only trying tells: sysctls, security modules and a container around husk can each refuse them. 0: they can be made.
int error_of_namespaces() {
  const pid_t child = ::fork();
  if (child == 0) {
    const int flags = runner::clone_flags(runner::needs_user_namespace());
    ::_exit(::unshare(flags) == 0 ? 0 : errno);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

// What `--isolation namespace` needs that is not there everywhere; empty: it has all of it.
std::string missing_for_namespaces() {
  struct stat status {};
  if (::stat("/proc/self/ns/user", &status) != 0 && ::geteuid() != 0) return "no user namespaces in this kernel";
  // No flag is known that is that large: a kernel that has the call says EINVAL.
  if (::syscall(SYS_mount_setattr, -1, "", ~0U, nullptr, 0) < 0 && errno == ENOSYS) {
    return "mount_setattr(2) is missing: install Linux 5.12 or newer";
  }
  std::ifstream file("/proc/sys/vm/memfd_noexec");  // since Linux 6.3
  int level = 0;
  if (file >> level && level >= 2) return "the sysctl vm.memfd_noexec is 2, and must be less";
  if (const int error = error_of_namespaces(); error != 0) {
    return std::string("refused (") + std::strerror(error) + "): run husk as root, or allow user namespaces";
  }
  return {};
}

// Where images and the host's profile are kept, and whether they would be used.
std::string cache_text() {
  const cache::CacheDir cache = cache::CacheDir::from_environment();
  const std::optional<cache::Folder> folder = cache.find(cache::CacheDir::Part::kTop);
  return cache.path() + (folder ? ": yours alone" : ": not there yet");
}

int doctor() {
  int status = 0;
  line("KVM back end", machine::backend_name());
  try {
    const kvm::System system = kvm::System::open();
    line("/dev/kvm", "there, and you may use it");
    check_virtual_machine(system);
  } catch (const Error& error) {
    line("micro-VMs", error.what());
    status = 1;
  }
  try {
    line("cache", cache_text());
  } catch (const Error& error) {
    line("cache", error.what());
    status = 1;
  }
  line("cgroups", cgroup_text());
  line("rights", ::geteuid() == 0 ? "root" : "not root: --isolation namespace uses a user namespace");
  const std::string missing = missing_for_namespaces();
  line("namespaces", missing.empty() ? "--isolation namespace works here" : missing);
  line("verdict", status == 0 ? "micro-VMs work here" : "micro-VMs do not work here");
  return status;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  app.add_subcommand("doctor", "say what this host offers, and what is missing")->callback([&status] {
    status = doctor();
  });
}

}  // namespace husk::cli
