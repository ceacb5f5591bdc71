#include "arch/x86_64/context.h"

#include <cstddef>
#include <new>

#include "arch/x86_64/entry.h"
#include "arch/x86_64/per_cpu.h"
#include "arch/x86_64/privileged.h"
#include "arch/x86_64/vector_state.h"
#include "lib/log.h"
#include "lib/string.h"

namespace kernel::arch {
namespace {

constexpr std::size_t kTssRsp0 = 4, kTssIst2 = 44;  // SDM vol. 3, figure 8-11

void set_kernel_stack(std::uint64_t top) {
  PerCpu& cpu = this_cpu();
  cpu.kernel_stack_top = top;
  // In ring 3 only exceptions find it there: interrupts come while it is in use, too (entry.S).
  memcpy(tss + (cpu.ring == Ring::k0 ? kTssRsp0 : kTssIst2), &top, sizeof top);
  cpu.entry_frame.rsp = top - (sizeof(TrapFrame) - offsetof(TrapFrame, rax));
}

}  // namespace

Context::~Context() {
  ::operator delete(vector_area_);
}

Result<void> Context::initialise(const TrapFrame& frame) {
  TRY(stack_.allocate());
  user_frame() = frame;
  // What switch_stacks pops: six registers and the return address.
  auto* sp = reinterpret_cast<std::uint64_t*>(&user_frame());
  *--sp = reinterpret_cast<std::uint64_t>(&task_start);
  for (int i = 0; i < 6; ++i) *--sp = 0;
  saved_stack_pointer_ = reinterpret_cast<std::uint64_t>(sp);
  return {};
}

Result<void> Context::prepare_vector_area() {
  if (vector_area_) return {};
  // The heap aligns an object of this size to at least 64 bytes, as XSAVE wants (mm/heap.cc).
  vector_area_ = static_cast<std::byte*>(::operator new(kLargestVectorState, std::nothrow));
  if (!vector_area_) return Errno::kNoMem;
  memset(vector_area_, 0, kLargestVectorState);  // XSAVE leaves reserved bytes of its header alone
  return {};
}

Result<void> Context::inherit_vector_state() {
  TRY(prepare_vector_area());
  save_vector_state(vector_area_);
  return {};
}

void switch_context(Context& from, Context& to) {
  if (!from.vector_area_) panic("switch away from a context without a vector area");
  save_vector_state(from.vector_area_);
  from.fs_base = read_fs_base();
  from.gs_base = read_gs_base();
  set_kernel_stack(to.stack_top());
  write_fs_base(to.fs_base);
  write_gs_base(to.gs_base);
  restore_vector_state(to.vector_area_);
  switch_stacks(&from.saved_stack_pointer_, to.saved_stack_pointer_);
}

void enter_first(Context& context) {
  set_kernel_stack(context.stack_top());
  std::uint64_t boot_stack_pointer;
  switch_stacks(&boot_stack_pointer, context.saved_stack_pointer_);
  __builtin_unreachable();
}

}  // namespace kernel::arch
