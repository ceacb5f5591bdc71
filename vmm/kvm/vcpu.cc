#include "vmm/kvm/vcpu.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "vmm/error.h"

namespace husk::kvm {
namespace {

// KVM's variable-length arguments (a count, then entries) in a buffer on the stack: no allocation on the start-up path.
template <typename Header, typename Entry, std::size_t kCapacity>
struct Table {
  alignas(Header) std::byte bytes[sizeof(Header) + kCapacity * sizeof(Entry)];

  Header* fill(std::span<const Entry> entries) {
    std::memset(bytes, 0, sizeof(Header));
    std::memcpy(bytes + sizeof(Header), entries.data(), entries.size_bytes());
    return reinterpret_cast<Header*>(bytes);
  }
  Entry entry(std::size_t index) const {
    Entry value;
    std::memcpy(&value, bytes + sizeof(Header) + index * sizeof(Entry), sizeof value);
    return value;
  }
};

constexpr std::size_t kMaxCpuidEntries = 256;  // KVM_MAX_CPUID_ENTRIES
constexpr std::size_t kMaxMsrs = 32;           // as many as husk ever sets at once

}  // namespace

Vcpu::Vcpu(UniqueFd fd, std::size_t run_mapping_size) : fd_(std::move(fd)) {
  void* address = ::mmap(nullptr, run_mapping_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (address == MAP_FAILED) throw Error::from_errno("map", "the virtual CPU's state");
  run_ = Mapping(address, run_mapping_size);
}

void Vcpu::set_cpuid(std::span<const kvm_cpuid_entry2> entries) {
  if (entries.size() > kMaxCpuidEntries) throw Error("set", "the guest's CPUID", "too many leaves");
  Table<kvm_cpuid2, kvm_cpuid_entry2, kMaxCpuidEntries> table;
  kvm_cpuid2* header = table.fill(entries);
  header->nent = static_cast<std::uint32_t>(entries.size());
  if (::ioctl(fd_.get(), KVM_SET_CPUID2, header) != 0) throw Error::from_errno("set", "the guest's CPUID");
}

std::vector<kvm_cpuid_entry2> Vcpu::cpuid() const {
  Table<kvm_cpuid2, kvm_cpuid_entry2, kMaxCpuidEntries> table;
  kvm_cpuid2* header = table.fill({});
  header->nent = kMaxCpuidEntries;
  if (::ioctl(fd_.get(), KVM_GET_CPUID2, header) != 0) throw Error::from_errno("read", "the guest's CPUID");
  std::vector<kvm_cpuid_entry2> entries(header->nent);
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i] = table.entry(i);
  return entries;
}

kvm_sregs Vcpu::sregs() const {
  kvm_sregs sregs;
  if (::ioctl(fd_.get(), KVM_GET_SREGS, &sregs) != 0) throw Error::from_errno("read", "the vCPU's system registers");
  return sregs;
}

void Vcpu::set_sregs(const kvm_sregs& sregs) {
  if (::ioctl(fd_.get(), KVM_SET_SREGS, &sregs) != 0) throw Error::from_errno("set", "the vCPU's system registers");
}

kvm_regs Vcpu::regs() const {
  kvm_regs regs;
  if (::ioctl(fd_.get(), KVM_GET_REGS, &regs) != 0) throw Error::from_errno("read", "the vCPU's registers");
  return regs;
}

void Vcpu::set_regs(const kvm_regs& regs) {
  if (::ioctl(fd_.get(), KVM_SET_REGS, &regs) != 0) throw Error::from_errno("set", "the vCPU's registers");
}

void Vcpu::set_msrs(std::span<const kvm_msr_entry> entries) {
  if (entries.size() > kMaxMsrs) throw Error("set", "the vCPU's MSRs", "too many at once");
  Table<kvm_msrs, kvm_msr_entry, kMaxMsrs> table;
  kvm_msrs* header = table.fill(entries);
  header->nmsrs = static_cast<std::uint32_t>(entries.size());
  const int done = ::ioctl(fd_.get(), KVM_SET_MSRS, header);
  if (done < 0) throw Error::from_errno("set", "the vCPU's MSRs");
  if (static_cast<std::size_t>(done) < entries.size()) {
    char name[32];
    std::snprintf(name, sizeof name, "MSR 0x%x", entries[static_cast<std::size_t>(done)].index);
    throw Error("set", name, "KVM does not take its value");
  }
}

bool Vcpu::set_xcr0(std::uint64_t value) {
  kvm_xcrs xcrs{};
  xcrs.nr_xcrs = 1;
  xcrs.xcrs[0].xcr = 0;
  xcrs.xcrs[0].value = value;
  return ::ioctl(fd_.get(), KVM_SET_XCRS, &xcrs) == 0;
}

bool Vcpu::save_vectors(std::span<std::byte, sizeof(kvm_xsave)> image) const {
  return ::ioctl(fd_.get(), KVM_GET_XSAVE, image.data()) == 0;
}

bool Vcpu::load_vectors(std::span<const std::byte, sizeof(kvm_xsave)> image) {
  return ::ioctl(fd_.get(), KVM_SET_XSAVE, image.data()) == 0;
}

std::uint32_t Vcpu::tsc_khz() const {
  const int khz = ::ioctl(fd_.get(), KVM_GET_TSC_KHZ, 0);
  if (khz <= 0) throw Error::from_errno("read", "the TSC's frequency", "husk needs a host with a constant TSC");
  return static_cast<std::uint32_t>(khz);
}

std::uint64_t Vcpu::tsc() const {
  constexpr std::uint32_t kMsrTsc = 0x10;
  const kvm_msr_entry wanted{.index = kMsrTsc, .reserved = 0, .data = 0};
  Table<kvm_msrs, kvm_msr_entry, 1> table;
  kvm_msrs* header = table.fill({&wanted, 1});
  header->nmsrs = 1;
  if (::ioctl(fd_.get(), KVM_GET_MSRS, header) != 1) throw Error::from_errno("read", "the guest's TSC");
  return table.entry(0).data;
}

int Vcpu::run() {
  return ::ioctl(fd_.get(), KVM_RUN, 0) == 0 ? 0 : errno;
}

}  // namespace husk::kvm
