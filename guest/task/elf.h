// The ELF file format as far as execve(2) needs it (System V gABI, chapters 4 and 5).
#pragma once

#include <cstdint>

namespace kernel::elf {

struct Header {
  std::uint8_t identification[16];
  std::uint16_t type, machine;
  std::uint32_t version;
  std::uint64_t entry, program_header_offset, section_header_offset;
  std::uint32_t flags;
  std::uint16_t header_size, program_header_size, program_header_count;
  std::uint16_t section_header_size, section_header_count, section_name_index;
};
static_assert(sizeof(Header) == 64);

struct ProgramHeader {
  std::uint32_t type, flags;
  std::uint64_t offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

enum : std::uint16_t { kTypeExecutable = 2, kTypeShared = 3, kMachineX86_64 = 62 };
enum : std::uint32_t {
  kLoad = 1,
  kInterpreter = 3,
  kGnuStack = 0x6474e551,
  kFlagExecute = 1,
  kFlagWrite = 2,
  kFlagRead = 4
};

// Auxiliary vector (psABI 3.4.3, getauxval(3)).
enum : std::uint64_t {
  kAuxNull = 0,
  kAuxPhdr = 3,
  kAuxPhent = 4,
  kAuxPhnum = 5,
  kAuxPagesz = 6,
  kAuxBase = 7,
  kAuxFlags = 8,
  kAuxEntry = 9,
  kAuxUid = 11,
  kAuxEuid = 12,
  kAuxGid = 13,
  kAuxEgid = 14,
  kAuxPlatform = 15,
  kAuxHwcap = 16,
  kAuxClktck = 17,
  kAuxSecure = 23,
  kAuxRandom = 25,
  kAuxHwcap2 = 26,
  kAuxRseqFeatureSize = 27,
  kAuxRseqAlign = 28,
  kAuxExecfn = 31,
  kAuxSysinfoEhdr = 33,
  kAuxMinsigstksz = 51,
};

}  // namespace kernel::elf
