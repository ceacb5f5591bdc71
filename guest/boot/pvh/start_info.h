// What a boot loader hands over by the x86/HVM direct boot ABI ("PVH"): Xen's public/arch-x86/hvm/start_info.h. All
// addresses are physical.
#pragma once

#include <cstdint>

namespace kernel::pvh {

inline constexpr std::uint32_t kStartMagic = 0x336e'c578;

struct StartInfo {
  std::uint32_t magic;
  std::uint32_t version;  // the memory map is there from version 1 on
  std::uint32_t flags;
  std::uint32_t module_count;
  std::uint64_t modules;       // ModuleEntry[module_count]
  std::uint64_t command_line;  // ends with NUL; 0: none
  std::uint64_t rsdp;
  std::uint64_t memory_map;  // MemoryMapEntry[memory_map_count]
  std::uint32_t memory_map_count;
  std::uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);

struct ModuleEntry {
  std::uint64_t start;
  std::uint64_t size;
  std::uint64_t command_line;
  std::uint64_t reserved;
};
static_assert(sizeof(ModuleEntry) == 32);

inline constexpr std::uint32_t kMemoryRam = 1;  // as E820

struct MemoryMapEntry {
  std::uint64_t start;
  std::uint64_t size;
  std::uint32_t type;
  std::uint32_t reserved;
};
static_assert(sizeof(MemoryMapEntry) == 24);

}  // namespace kernel::pvh
