// The KVM floor: the least that a VM costs on this host. A VM is created, runs two instructions and is destroyed, in a
// program without libc that does nothing else; every ratio in the comparison is taken to its time from exec to exit.
// Nothing of husk's VMM: it must not get slower when husk does.
//
//   kvm-floor none   no interrupt controller in the kernel
//   kvm-floor split  local APIC in the kernel (KVM_CAP_SPLIT_IRQCHIP), no pin reserved
//   kvm-floor full   local APIC, I/O APIC and PICs in the kernel (KVM_CREATE_IRQCHIP)
//
// Which of these is the cheapest depends on the host: the comparison tries them (quickest.h). One memory slot of 64 MiB,
// as `husk run` gives; the memory is reserved and only the page of the code is touched. The guest ends with an OUT, since
// HLT with an APIC in the kernel waits there for an interrupt and never comes back (KVM API, KVM_EXIT_HLT). The kernel
// tidies up when the process ends.
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

#include "common/bare_call.h"

namespace {

using husk::bare::address;
using husk::bare::leave;
using husk::bare::system_call;

constexpr std::size_t kMemorySize = std::size_t{64} << 20;
constexpr std::uint64_t kCodeGpa = 0x1000;
constexpr unsigned char kExitPort = 0x99;
constexpr unsigned char kCode[] = {0xe6, kExitPort, 0xf4};  // out %al, $port; hlt
constexpr int kFailed = 1;
constexpr int kUsage = 2;

[[noreturn]] void fail(const char* operation) {
  std::size_t length = 0;
  while (operation[length] != '\0') ++length;
  system_call(SYS_write, 2, address(operation), static_cast<long>(length));
  leave(kFailed);
}

// `operation` ends with a newline: it is what standard error gets.
int call(int fd, unsigned long request, long argument, const char* operation) {
  const long result = system_call(SYS_ioctl, fd, static_cast<long>(request), argument);
  if (result < 0) fail(operation);
  return static_cast<int>(result);
}

unsigned char* map(std::size_t size, int flags, int fd, const char* operation) {
  const long result = system_call(SYS_mmap, 0, static_cast<long>(size), PROT_READ | PROT_WRITE, flags, fd);
  if (result < 0 && result > -4096) fail(operation);
  return reinterpret_cast<unsigned char*>(result);
}

bool equal(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b) {
    if (*a == '\0') return true;
  }
  return false;
}

void add_interrupt_controller(int vm, const char* kind) {
  if (equal(kind, "split")) {
    kvm_enable_cap split{};
    split.cap = KVM_CAP_SPLIT_IRQCHIP;
    call(vm, KVM_ENABLE_CAP, address(&split), "kvm-floor: KVM_CAP_SPLIT_IRQCHIP failed\n");
  } else if (equal(kind, "full")) {
    call(vm, KVM_CREATE_IRQCHIP, 0, "kvm-floor: KVM_CREATE_IRQCHIP failed\n");
  } else if (!equal(kind, "none")) {
    fail("kvm-floor: usage: kvm-floor none|split|full\n");
  }
}

void add_memory(int vm) {
  unsigned char* memory = map(kMemorySize, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, "kvm-floor: mmap failed\n");
  for (std::size_t i = 0; i < sizeof kCode; ++i) static_cast<volatile unsigned char*>(memory)[kCodeGpa + i] = kCode[i];
  kvm_userspace_memory_region region{};
  region.memory_size = kMemorySize;
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory);
  call(vm, KVM_SET_USER_MEMORY_REGION, address(&region), "kvm-floor: KVM_SET_USER_MEMORY_REGION failed\n");
}

// Real mode, as after reset, but for code at address 0.
void set_start(int vcpu) {
  kvm_sregs special;
  call(vcpu, KVM_GET_SREGS, address(&special), "kvm-floor: KVM_GET_SREGS failed\n");
  special.cs.base = 0;
  special.cs.selector = 0;
  call(vcpu, KVM_SET_SREGS, address(&special), "kvm-floor: KVM_SET_SREGS failed\n");
  kvm_regs registers{};
  registers.rip = kCodeGpa;
  registers.rflags = 2;
  call(vcpu, KVM_SET_REGS, address(&registers), "kvm-floor: KVM_SET_REGS failed\n");
}

}  // namespace

// At entry the stack pointer points at argc, followed by the argument pointers (System V ABI, AMD64 supplement, 3.4.1).
extern "C" [[noreturn]] void floor_entry(const long* stack) {
  if (stack[0] != 2) leave(kUsage);
  const auto* kind = reinterpret_cast<const char*>(stack[2]);
  const auto kvm = static_cast<int>(system_call(SYS_open, address("/dev/kvm"), O_RDWR | O_CLOEXEC));
  if (kvm < 0) fail("kvm-floor: cannot open /dev/kvm\n");
  const int vm = call(kvm, KVM_CREATE_VM, 0, "kvm-floor: KVM_CREATE_VM failed\n");
  add_memory(vm);
  add_interrupt_controller(vm, kind);
  const int vcpu = call(vm, KVM_CREATE_VCPU, 0, "kvm-floor: KVM_CREATE_VCPU failed\n");
  const int run_size = call(kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "kvm-floor: KVM_GET_VCPU_MMAP_SIZE failed\n");
  const auto* run = reinterpret_cast<const kvm_run*>(
      map(static_cast<std::size_t>(run_size), MAP_SHARED, vcpu, "kvm-floor: mmap of the vCPU failed\n"));
  set_start(vcpu);
  call(vcpu, KVM_RUN, 0, "kvm-floor: KVM_RUN failed\n");
  if (run->exit_reason != KVM_EXIT_IO || run->io.port != kExitPort) fail("kvm-floor: unexpected exit\n");
  leave(0);
}

asm(".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call floor_entry\n");
