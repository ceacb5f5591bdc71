// Prints the guest kernel's log ring (abi::GuestLog) through husk's own log. The ring is the guest's: every number and
// byte in it is untrusted, and may change while it is read.
#pragma once

#include <cstdint>

#include "common/guest_memory.h"
#include "vmm/machine/guest_words.h"

namespace husk::machine {

class GuestLogReader {
 public:
  // Both must outlive the reader.
  GuestLogReader(const GuestMemory& memory, GuestWords& words) : memory_(memory), words_(words) {}

  // Prints the lines written since the last call whose severity is enabled, as far as the budget for the guest's words
  // goes. Says so when lines were lost because the ring went round.
  void print_new_lines();
  // The same when the VM has ended: of what was not printed yet at least the end.
  void print_last_lines();

 private:
  void print(std::uint64_t budget);

  const GuestMemory& memory_;
  GuestWords& words_;
  std::uint64_t printed_ = 0;  // position in the stream of all bytes ever written
};

}  // namespace husk::machine
