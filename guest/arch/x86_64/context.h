// What a task's execution is made of besides its user registers: a kernel stack, the stack pointer at which it is
// suspended, the thread-local storage bases and the vector registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/x86_64/kernel_stack.h"
#include "arch/x86_64/trap_frame.h"
#include "arch/x86_64/user_state.h"
#include "lib/result.h"

namespace kernel::arch {

class Context;

// Suspends the caller, which runs on `from`, and resumes `to`; returns when somebody switches back.
void switch_context(Context& from, Context& to);
// Leaves the boot stack for good.
[[noreturn]] void enter_first(Context& context);

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  // Allocates the kernel stack and prepares it so that the first switch to it enters user mode with `frame`.
  Result<void> initialise(const TrapFrame& frame);

  // The registers that the task will load when it returns to user mode: at the top of its kernel stack.
  TrapFrame& user_frame() const { return *reinterpret_cast<TrapFrame*>(stack_top() - sizeof(TrapFrame)); }
  std::uint64_t stack_top() const { return stack_.top(); }

  // As of when the task last left the CPU; a running task's are in the CPU (read_fs_base()).
  SegmentBase fs_base;
  SegmentBase gs_base;

  // Makes room for the vector registers: a context cannot be switched away from before. The first task needs none until
  // it makes a second one.
  Result<void> prepare_vector_area();
  // fork and clone: this context starts with the vector registers that the CPU holds now.
  Result<void> inherit_vector_state();
  // As they were when this context was switched away from, kLargestVectorState bytes: what it will have when it goes on. Null
  // before the first time.
  std::byte* saved_vectors() const { return vector_area_; }

 private:
  friend void switch_context(Context& from, Context& to);
  friend void enter_first(Context& context);

  KernelStack stack_;
  std::uint64_t saved_stack_pointer_ = 0;
  std::byte* vector_area_ = nullptr;
};

}  // namespace kernel::arch
