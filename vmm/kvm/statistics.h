// KVM's own counters of a VM or a vCPU: its exits by reason, what its MMU and its instruction emulator did.
//
// They are read from a descriptor in a format that describes itself ("4.133 KVM_GET_STATS_FD" of the kernel's
// Documentation/virt/kvm/api.rst), so which ones there are is for the kernel to say. The descriptions are read when the
// object is made; the values, which come behind them, once, with read(2) alone, which a confined VMM still may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace husk::kvm {

struct Counter {
  std::string name;  // as KVM spells it: "exits", "insn_emulation"; no VM counter has the name of a vCPU counter
  std::uint64_t value = 0;
};

class Statistics {
 public:
  // Of the VM or vCPU with this descriptor, which is not kept. A KVM before Linux 5.14 has no counters: then there are
  // none. Throws husk::Error when those that there are cannot be opened, or their descriptions not read.
  explicit Statistics(int owner);

  // All that count events since the VM was made; none if they are no longer readable. To be called once.
  std::vector<Counter> read();

  int descriptor() const { return fd_.get(); }  // -1: there are no counters

 private:
  struct Description {
    std::string name;
    std::size_t offset = 0;  // of the value among the values
  };

  UniqueFd fd_;  // empty: there are no counters; positioned at the values
  std::vector<Description> descriptions_;
};

}  // namespace husk::kvm
