// The first process of a family of fuzzing processes: what it can reach, and what it starts with.
#pragma once

#include <cstdint>

#include "tests/fuzz/syscalls/world.h"

namespace fuzz {

struct FamilyOptions {
  World world;
  unsigned index;
  std::uint64_t seed;
  std::uint64_t calls;  // after so many its first thread ends
  int blocks;           // the descriptor of all blocks
  Block* all_blocks;
  unsigned block_count;
};

// Never returns: in the child of a fork.
[[noreturn]] void run_family(const FamilyOptions& options);

}  // namespace fuzz
