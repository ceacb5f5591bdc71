// A guard for code that holds references, iterators or half-changed state which other tasks could change: while one exists,
// switching tasks is a panic. It costs an addition and makes "nothing here may switch" a statement that is checked.
//
// Threading: there is one processor, and an interrupt never switches tasks in the kernel.
#pragma once

namespace kernel::arch {

class NoSwitch {
 public:
  NoSwitch() { ++depth_; }
  ~NoSwitch() { --depth_; }
  NoSwitch(const NoSwitch&) = delete;
  NoSwitch& operator=(const NoSwitch&) = delete;

  static bool in_force() { return depth_ != 0; }

 private:
  static inline constinit unsigned depth_ = 0;
};

}  // namespace kernel::arch
