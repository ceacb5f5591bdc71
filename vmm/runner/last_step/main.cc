// The last step: a program of two pages, without libc, that husk carries as bytes and executes from a sealed file in
// memory (last_step_file.h), once as the payload's process and once as its guard.
#include "vmm/runner/last_step/become.h"
#include "vmm/runner/last_step/guard.h"
#include "vmm/runner/last_step/interface.h"

namespace husk::runner::last_step {
namespace {

bool equal(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b) {
    if (*a == '\0') return true;
  }
  return false;
}

// How the kernel starts this program for an image that names /proc/self/exe as an interpreter is up to the image: none
// of it may go past the end of the arguments. Somebody who imitates husk gets what execve(2) gives anyway.
bool is_complete(int count, const char* const* arguments) {
  for (int index = 2; index < count; ++index) {
    if (equal(arguments[index], kEndOfPaths)) return index + 1 < count;
  }
  return false;
}

}  // namespace

// System V ABI, AMD64 supplement, 3.4.1: argc, the arguments, a null pointer, the environment, a null pointer.
extern "C" [[noreturn]] void last_step_entry(const long* stack) {
  const int count = static_cast<int>(stack[0]);
  const char* const* arguments = reinterpret_cast<const char* const*>(stack + 1);
  if (count > 0 && equal(arguments[0], kGuard)) guard(arguments + 1);
  if (count > 0 && equal(arguments[0], kBecome) && is_complete(count, arguments)) {
    become_payload(arguments + 1, arguments + count + 1);
  }
  refuse_to_be_an_interpreter(count > 0 ? arguments[count > 1 ? 1 : 0] : "");
}

asm(".globl _start\n"
    "_start: xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call last_step_entry\n");

}  // namespace husk::runner::last_step
