// Prints the guest kernel's log ring (abi::GuestLog) through husk's own log. The ring is the guest's: every number and
// byte in it is untrusted.
#pragma once

#include <cstdint>

#include "common/guest_memory.h"

namespace husk::machine {

class GuestLogReader {
 public:
  explicit GuestLogReader(const GuestMemory& memory) : memory_(memory) {}

  // Prints the lines written since the last call whose severity is enabled. Says so when lines were lost because the
  // ring went round.
  void print_new_lines();

 private:
  const GuestMemory& memory_;
  std::uint64_t printed_ = 0;  // position in the stream of all bytes ever written
};

}  // namespace husk::machine
