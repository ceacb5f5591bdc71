// A second limit beside the strict floor (kvm_floor.cc): what a VM costs that can be interrupted from outside, in an ordinary
// static program with glibc. Until issue 11 this was the floor that ratios were taken to; it stays, so that figures of
// that time can be put beside new ones. Raw system calls, and nothing of husk's VMM: it must not get slower when husk
// does.
//
// One slot of 64 MiB of memory, the split interrupt controller (local APIC in the kernel) with 24 pins reserved, and one
// MSI that an eventfd raises. The guest ends with an OUT, since HLT with an APIC in the kernel waits there for an
// interrupt and never comes back (KVM API, KVM_EXIT_HLT).
#include <linux/stddef.h>
// Debian 12's definition makes sizeof of these structures, and so the ioctl numbers, wrong in C++.
#undef __DECLARE_FLEX_ARRAY
#define __DECLARE_FLEX_ARRAY(T, N) T N[0]
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kMemorySize = std::size_t{64} << 20;
constexpr std::uint64_t kCodeGpa = 0x1000;
constexpr unsigned char kExitPort = 0x99;
constexpr unsigned char kCode[] = {0xe6, kExitPort, 0xf4};  // out %al, $port; hlt
constexpr unsigned kMsiGsi = 24;                            // the first above the pins of the split controller

[[noreturn]] void fail(const char* operation) {
  std::perror(operation);
  std::exit(1);
}

template <typename Argument>
int call(int fd, unsigned long request, Argument argument, const char* name) {
  const int result = ioctl(fd, request, argument);
  if (result < 0) fail(name);
  return result;
}

void add_msi(int vm) {
  struct {
    kvm_irq_routing header;
    kvm_irq_routing_entry entry;
  } routing{};
  routing.header.nr = 1;
  routing.entry.gsi = kMsiGsi;
  routing.entry.type = KVM_IRQ_ROUTING_MSI;
  routing.entry.u.msi.address_lo = 0xfee0'0000;  // SDM vol. 3, 11.11.1: to the local APIC with id 0
  routing.entry.u.msi.data = 0x30;
  call(vm, KVM_SET_GSI_ROUTING, &routing, "KVM_SET_GSI_ROUTING");
  kvm_irqfd irqfd{};
  irqfd.fd = static_cast<__u32>(eventfd(0, EFD_CLOEXEC));
  irqfd.gsi = kMsiGsi;
  call(vm, KVM_IRQFD, &irqfd, "KVM_IRQFD");
}

}  // namespace

int main() {
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) fail("/dev/kvm");
  const int vm = call(kvm, KVM_CREATE_VM, 0UL, "KVM_CREATE_VM");

  void* memory = mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  std::memcpy(static_cast<char*>(memory) + kCodeGpa, kCode, sizeof kCode);
  kvm_userspace_memory_region region{};
  region.memory_size = kMemorySize;
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory);
  call(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");

  kvm_enable_cap split{};
  split.cap = KVM_CAP_SPLIT_IRQCHIP;
  split.args[0] = kMsiGsi;
  call(vm, KVM_ENABLE_CAP, &split, "KVM_CAP_SPLIT_IRQCHIP");
  add_msi(vm);

  const int vcpu = call(vm, KVM_CREATE_VCPU, 0UL, "KVM_CREATE_VCPU");
  const int run_size = call(kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL, "KVM_GET_VCPU_MMAP_SIZE");
  void* shared = mmap(nullptr, static_cast<std::size_t>(run_size), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (shared == MAP_FAILED) fail("mmap of the vCPU");
  const auto* run = static_cast<const kvm_run*>(shared);

  // Real mode, as after reset, but for code at address 0.
  kvm_sregs special{};
  call(vcpu, KVM_GET_SREGS, &special, "KVM_GET_SREGS");
  special.cs.base = 0;
  special.cs.selector = 0;
  call(vcpu, KVM_SET_SREGS, &special, "KVM_SET_SREGS");
  kvm_regs registers{};
  registers.rip = kCodeGpa;
  registers.rflags = 2;
  call(vcpu, KVM_SET_REGS, &registers, "KVM_SET_REGS");

  call(vcpu, KVM_RUN, 0UL, "KVM_RUN");
  if (run->exit_reason != KVM_EXIT_IO || run->io.port != kExitPort) {
    std::fprintf(stderr, "kvm-floor-irqfd: unexpected exit %u\n", run->exit_reason);
    return 1;
  }
  munmap(shared, static_cast<std::size_t>(run_size));
  close(vcpu);
  close(vm);
  return 0;
}
