// Maps a program's ELF file, and its interpreter's, into a new address space.
#pragma once

#include <cstdint>

#include "fs/file.h"
#include "lib/ref.h"
#include "mm/address_space.h"

namespace kernel::task {

struct LoadedImage {
  std::uint64_t entry = 0;            // where execution starts: the interpreter's entry if there is one
  std::uint64_t program_entry = 0;    // AT_ENTRY
  std::uint64_t program_headers = 0;  // AT_PHDR, user address
  std::uint64_t program_header_count = 0;
  std::uint64_t interpreter_base = 0;  // AT_BASE, 0 without interpreter
  bool executable_stack = false;
};

// kNoExec: not an ELF file for this machine, or a malformed one. `interpreter` errors are those of opening it.
Result<LoadedImage> load_image(mm::AddressSpace& space, const Ref<fs::File>& file);

}  // namespace kernel::task
