// The program headers of this executable, and by how much it was moved when it was loaded.
#pragma once

#include <elf.h>

#include <cstdint>
#include <span>

// Defined by the linker: the executable's ELF header, where it is mapped. The auxiliary vector's AT_PHDR tells as much
// of the headers, but not the distance: a static position-independent executable has no PT_PHDR.
extern "C" [[gnu::visibility("hidden")]] const Elf64_Ehdr __ehdr_start;

namespace husk {

struct OwnExecutable {
  std::span<const Elf64_Phdr> headers;
  std::uint64_t bias = 0;  // what a p_vaddr lacks to be an address; 0 unless position-independent
};

inline OwnExecutable own_executable() {
  const auto start = reinterpret_cast<std::uint64_t>(&__ehdr_start);
  OwnExecutable self{
      .headers = {reinterpret_cast<const Elf64_Phdr*>(start + __ehdr_start.e_phoff), __ehdr_start.e_phnum}};
  for (const Elf64_Phdr& header : self.headers) {
    if (header.p_type == PT_LOAD && header.p_offset == 0) self.bias = start - header.p_vaddr;
  }
  return self;
}

}  // namespace husk
