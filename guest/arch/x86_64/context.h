// What a task's execution is made of besides its user registers: a kernel stack, the stack pointer at which it is suspended, the
// thread-local storage bases and the vector registers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/x86_64/trap_frame.h"
#include "lib/result.h"

namespace kernel::arch {

inline constexpr unsigned kKernelStackOrder = 2;
inline constexpr std::size_t kKernelStackSize = std::size_t{4096} << kKernelStackOrder;

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  // Allocates the kernel stack and prepares it so that the first switch to it enters user mode with `frame`.
  Result<void> initialise(const TrapFrame& frame);
  TrapFrame& user_frame() const { return *reinterpret_cast<TrapFrame*>(stack_top() - sizeof(TrapFrame)); }
  std::uint64_t stack_top() const { return reinterpret_cast<std::uint64_t>(stack_) + kKernelStackSize; }

  std::uint64_t fs_base = 0;   // as of the last time the task left the CPU; see read_fs_base() for the running task
  std::uint64_t gs_base = 0;

  // Vector registers (XSAVE area, SDM vol. 1, 13.4). Saved when another task gets the CPU; kept by fork and clone, reset by execve.
  Result<void> copy_vector_state_from_cpu();
  void reset_vector_state();
  std::byte* vector_area() { return vector_area_; }

 private:
  friend void switch_context(Context& from, Context& to);
  std::byte* stack_ = nullptr;
  std::uint64_t saved_stack_pointer_ = 0;
  std::byte* vector_area_ = nullptr;
  bool vector_fresh_ = true;   // never used the vector registers' saved image: load the initial state
};

// Suspends the caller, which runs on `from`, and resumes `to`; returns when somebody switches back.
void switch_context(Context& from, Context& to);

}  // namespace kernel::arch
