// System calls that change the machine, or that have been the way into the kernel.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/attacks/attack.h"

namespace attacks {
namespace {

template <typename... Arguments>
Result call(long number, Arguments... arguments) {
  const long result = syscall(number, arguments...);
  return result >= 0 ? done("call " + std::to_string(number) + " returned " + std::to_string(result)) : refused();
}

Result keyrings(const Host&) {
  constexpr int kSessionKeyring = -3, kUserKeyring = -4;
  if (syscall(SYS_add_key, "user", "husk-attack", "x", 1, kUserKeyring) >= 0) return done("add_key");
  if (syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, kSessionKeyring, 0) >= 0) return done("keyctl");
  if (syscall(SYS_request_key, "user", "husk-attack", nullptr, 0) >= 0) return done("request_key");
  return refused();
}

Result load_bpf(const Host&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return call(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
}

Result perf_events(const Host&) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  return call(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

Result io_uring(const Host&) {
  char parameters[120] = {};
  return call(SYS_io_uring_setup, 1, parameters);
}

Result page_faults(const Host&) {
  return call(SYS_userfaultfd, O_CLOEXEC);
}

Result modules(const Host&) {
  // No module: ENOEXEC would say that the kernel has looked at it.
  if (syscall(SYS_init_module, "", 0, "") == 0 || errno == ENOEXEC) return done("init_module");
  if (syscall(SYS_finit_module, 0, "", 0) == 0 || errno == ENOEXEC) return done("finit_module");
  if (syscall(SYS_delete_module, "husk_attack", O_NONBLOCK) == 0 || errno == ENOENT) return done("delete_module");
  return refused();
}

Result kexec(const Host&) {
  return call(SYS_kexec_load, 0, 0, nullptr, 0);
}

// Ctrl-Alt-Del off: nobody misses it, and it needs the right to reboot.
Result reboot_machine(const Host&) {
  return reboot(RB_DISABLE_CAD) == 0 ? done("reboot") : refused();
}

Result clocks(const Host&) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (clock_settime(CLOCK_REALTIME, &now) == 0) return done("clock_settime");
  timex change{};
  adjtimex(&change);  // reads
  change.modes = ADJ_MAXERROR;
  if (adjtimex(&change) >= 0) return done("adjtimex");
  return refused();
}

Result swap(const Host&) {
  return swapoff("/nonexistent") == 0 || errno == ENOENT ? done("swapoff") : refused();
}

Result accounting(const Host&) {
  return acct(nullptr) == 0 ? done("acct") : refused();
}

Result ports(const Host&) {
  if (iopl(3) == 0) return done("iopl");
  if (ioperm(0x80, 1, 1) == 0) return done("ioperm");
  return refused();
}

Result kernel_log(const Host&) {
  char line[64];
  return call(SYS_syslog, 3 /* SYSLOG_ACTION_READ_ALL */, line, sizeof line);
}

Result host_name(const Host&) {
  return sethostname("attacked", 8) == 0 ? contained("in its own uts namespace") : refused();
}

Result hypervisor_socket(const Host&) {
  return socket(AF_VSOCK, SOCK_STREAM, 0) >= 0 ? done("a vsock") : refused();
}

Result watch_files(const Host&) {
  return call(SYS_fanotify_init, 0, O_RDONLY);
}

Result quotas(const Host&) {
  return call(SYS_quotactl, 0x800001 << 8, "/dev/vda", 0, nullptr);
}

Result hang_up(const Host&) {
  return call(SYS_vhangup);
}

}  // namespace

std::vector<Attack> attacks_on_kernel() {
  return {{"keyrings", keyrings},
          {"bpf", load_bpf},
          {"perf-events", perf_events},
          {"io-uring", io_uring},
          {"userfaultfd", page_faults},
          {"modules", modules},
          {"kexec", kexec},
          {"reboot", reboot_machine},
          {"clocks", clocks},
          {"swap", swap},
          {"accounting", accounting},
          {"ports", ports},
          {"kernel-log", kernel_log},
          {"host-name", host_name},
          {"vsock", hypervisor_socket},
          {"fanotify", watch_files},
          {"quotas", quotas},
          {"vhangup", hang_up}};
}

}  // namespace attacks
