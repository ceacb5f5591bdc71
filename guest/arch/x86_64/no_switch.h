// A guard for code that holds references, iterators or half-changed state which other tasks could change: while one exists,
// switching tasks is a panic. It costs an addition and makes "nothing here may switch" a statement that is checked.
//
// Threading: it counts for the CPU that it is on, and an interrupt never switches tasks in the kernel.
#pragma once

#include "arch/x86_64/per_cpu.h"

namespace kernel::arch {

class NoSwitch {
 public:
  NoSwitch() { ++arch::this_cpu().no_switch_depth; }
  ~NoSwitch() { --arch::this_cpu().no_switch_depth; }
  NoSwitch(const NoSwitch&) = delete;
  NoSwitch& operator=(const NoSwitch&) = delete;

  static bool in_force() { return arch::this_cpu().no_switch_depth != 0; }
};

}  // namespace kernel::arch
