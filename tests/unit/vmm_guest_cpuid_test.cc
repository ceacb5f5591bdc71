#include "vmm/machine/guest_cpuid.h"

#include <gtest/gtest.h>

namespace husk::machine {
namespace {

kvm_cpuid_entry2 leaf(std::uint32_t function, std::uint32_t index, std::uint32_t eax, std::uint32_t ebx,
                      std::uint32_t ecx, std::uint32_t edx) {
  kvm_cpuid_entry2 entry{};
  entry.function = function;
  entry.index = index;
  entry.eax = eax;
  entry.ebx = ebx;
  entry.ecx = ecx;
  entry.edx = edx;
  return entry;
}

const kvm_cpuid_entry2* find(const std::vector<kvm_cpuid_entry2>& entries, std::uint32_t function) {
  for (const auto& entry : entries) {
    if (entry.function == function) return &entry;
  }
  return nullptr;
}

// Caches as leaf 4 describes them: 48 KiB data, 32 KiB code, 2 MiB second level, 512 MiB third level.
std::vector<kvm_cpuid_entry2> with_caches() {
  return {leaf(2, 0, 0x00feff01, 0xf0, 0, 0), leaf(4, 0, 0x04000121, 0x02c0003f, 0x3f, 0),
          leaf(4, 1, 0x04000122, 0x01c0003f, 0x3f, 0), leaf(4, 2, 0x04000143, 0x03c0003f, 0x7ff, 0),
          leaf(4, 3, 0x04004163, 0x03c0003f, 0x7ffff, 0)};
}

TEST(GuestCpuid, OneProcessorWithX2apicAndDeadlineTimer) {
  const std::vector<kvm_cpuid_entry2> in{leaf(1, 0, 1, 0x05100800, 0x80000001, 0xffffffff),
                                         leaf(0xb, 0, 1, 2, 0x100, 5), leaf(0x80000008, 0, 0x3930, 0, 0x7007, 0)};
  const auto out = guest_cpuid(in, true);
  EXPECT_EQ(find(out, 1)->ebx, 0x00010800u);
  EXPECT_EQ(find(out, 1)->ecx, 0x80000001u | 1 << 21 | 1 << 24);
  EXPECT_EQ(find(out, 1)->edx, 0xefffffffu);
  EXPECT_EQ(find(out, 0xb), nullptr);  // no topology levels, x2APIC id 0
  EXPECT_EQ(find(out, 0x80000008)->ecx & 0xff, 0u);
  EXPECT_EQ(find(guest_cpuid(in, false), 1)->ecx & 1 << 24, 0u);
}

TEST(GuestCpuid, ListsCachesInLeaf2) {
  const auto out = guest_cpuid(with_caches(), true);
  EXPECT_EQ(find(out, 2)->eax, 0x7d302c01u);
  EXPECT_EQ(find(out, 2)->ebx, 0x0000f0ecu);
  EXPECT_EQ(find(out, 4)->ebx, 0x02c0003fu);  // exact as before
}

TEST(GuestCpuid, LeavesLeaf2AloneIfItDoesNotKnowBetter) {
  auto entries = with_caches();
  entries[0].eax = 0x7d302c01;  // lists caches already
  EXPECT_EQ(find(guest_cpuid(entries, true), 2)->eax, 0x7d302c01u);
  entries = with_caches();
  entries[4].ecx = 0;  // a third-level cache smaller than every descriptor
  EXPECT_EQ(find(guest_cpuid(entries, true), 2)->eax, 0x00feff01u);
}

TEST(GuestCpuid, DropsLeavesThatSayNothing) {
  EXPECT_EQ(find(guest_cpuid(std::vector{leaf(9, 0, 0, 0, 0, 0), leaf(7, 0, 1, 0, 0, 0)}, true), 9), nullptr);
}

}  // namespace
}  // namespace husk::machine
