#include "fs/proc/cpu_identity.h"

#include "arch/x86_64/cpuid.h"
#include "lib/string.h"

namespace kernel::fs {

namespace {

using arch::cpuid;
using arch::CpuidResult;

constexpr CpuFlag kFlags[] = {
    {"fpu", 0, 0},         {"vme", 0, 1},         {"de", 0, 2},        {"pse", 0, 3},           {"tsc", 0, 4},
    {"msr", 0, 5},         {"pae", 0, 6},         {"mce", 0, 7},       {"cx8", 0, 8},           {"apic", 0, 9},
    {"sep", 0, 11},        {"mtrr", 0, 12},       {"pge", 0, 13},      {"mca", 0, 14},          {"cmov", 0, 15},
    {"pat", 0, 16},        {"pse36", 0, 17},      {"clflush", 0, 19},  {"mmx", 0, 23},          {"fxsr", 0, 24},
    {"sse", 0, 25},        {"sse2", 0, 26},       {"ss", 0, 27},       {"ht", 0, 28},           {"syscall", 3, 11},
    {"nx", 3, 20},         {"pdpe1gb", 3, 26},    {"rdtscp", 3, 27},   {"lm", 3, 29},           {"pni", 1, 0},
    {"pclmulqdq", 1, 1},   {"ssse3", 1, 9},       {"fma", 1, 12},      {"cx16", 1, 13},         {"pcid", 1, 17},
    {"sse4_1", 1, 19},     {"sse4_2", 1, 20},     {"x2apic", 1, 21},   {"movbe", 1, 22},        {"popcnt", 1, 23},
    {"aes", 1, 25},        {"xsave", 1, 26},      {"avx", 1, 28},      {"f16c", 1, 29},         {"rdrand", 1, 30},
    {"hypervisor", 1, 31}, {"lahf_lm", 4, 0},     {"abm", 4, 5},       {"3dnowprefetch", 4, 8}, {"fsgsbase", 2, 0},
    {"bmi1", 2, 3},        {"avx2", 2, 5},        {"smep", 2, 7},      {"bmi2", 2, 8},          {"erms", 2, 9},
    {"invpcid", 2, 10},    {"avx512f", 2, 16},    {"avx512dq", 2, 17}, {"rdseed", 2, 18},       {"adx", 2, 19},
    {"smap", 2, 20},       {"clflushopt", 2, 23}, {"clwb", 2, 24},     {"avx512cd", 2, 28},     {"sha_ni", 2, 29},
    {"avx512bw", 2, 30},   {"avx512vl", 2, 31},
};

}  // namespace

constinit const std::span<const CpuFlag> kCpuFlags = kFlags;

CpuIdentity identify_cpu() {
  CpuIdentity cpu;
  const CpuidResult base = cpuid(0);
  memcpy(cpu.vendor, &base.ebx, 4);
  memcpy(cpu.vendor + 4, &base.edx, 4);
  memcpy(cpu.vendor + 8, &base.ecx, 4);
  const CpuidResult version = cpuid(1);
  cpu.highest_leaf = base.eax;
  cpu.cache_line = (version.ebx >> 8 & 0xff) * 8;
  cpu.stepping = version.eax & 0xf;
  cpu.model = version.eax >> 4 & 0xf;
  cpu.family = version.eax >> 8 & 0xf;
  if (cpu.family == 6 || cpu.family == 15) cpu.model |= (version.eax >> 16 & 0xf) << 4;
  if (cpu.family == 15) cpu.family += version.eax >> 20 & 0xff;
  cpu.features[0] = version.edx;
  cpu.features[1] = version.ecx;
  if (base.eax >= 7) cpu.features[2] = cpuid(7).ebx;

  constexpr std::uint32_t kExtended = 0x80000000;
  const std::uint32_t highest = cpuid(kExtended).eax;
  if (highest >= kExtended + 1) {
    const CpuidResult extended = cpuid(kExtended + 1);
    cpu.features[3] = extended.edx;
    cpu.features[4] = extended.ecx;
  }
  if (highest >= kExtended + 4) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      const CpuidResult part = cpuid(kExtended + 2 + i);
      memcpy(cpu.brand + 16 * i, &part, sizeof part);
    }
  }
  if (highest >= kExtended + 8) {
    const std::uint32_t sizes = cpuid(kExtended + 8).eax;
    cpu.physical_bits = sizes & 0xff;
    cpu.virtual_bits = sizes >> 8 & 0xff;
  }
  return cpu;
}

}  // namespace kernel::fs
