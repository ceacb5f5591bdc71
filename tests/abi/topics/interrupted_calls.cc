// An interrupt can come anywhere: before the first instruction of a program's system call in the kernel, and before the last one that
// returns to it. The program sees nothing of it: not in the registers that a system call keeps, nor in the red zone below its stack.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "../topic.h"

using namespace abi;

// Fills the red zone (System V ABI, 3.2.2: 128 bytes) and the registers, makes getppid(2), and returns 0 if all is as it was: a number each,
// from the same pattern.
extern "C" long keeps_all();
asm(R"(
    .text
keeps_all:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    movabs $0x5a5a5a5a12340000, %rax
    .set i, 1
    .rept 16
    lea i(%rax), %rcx
    mov %rcx, -8 * i(%rsp)
    .set i, i + 1
    .endr
    .set i, 101
    .irp register, rbx, rbp, rdi, rsi, rdx, r8, r9, r10, r12, r13, r14, r15
    lea i(%rax), %\register
    .set i, i + 1
    .endr
    mov $110, %eax
    syscall
    movabs $0x5a5a5a5a12340000, %rax
    .set i, 1
    .rept 16
    lea i(%rax), %rcx
    cmp -8 * i(%rsp), %rcx
    jne 1f
    .set i, i + 1
    .endr
    .set i, 101
    .irp register, rbx, rbp, rdi, rsi, rdx, r8, r9, r10, r12, r13, r14, r15
    lea i(%rax), %rcx
    cmp %\register, %rcx
    jne 1f
    .set i, i + 1
    .endr
    xor %eax, %eax
    jmp 2f
1:  mov $1, %eax
2:  pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
)");

namespace {

static_assert(SYS_getppid == 110);
constexpr int kTicks = 400;
volatile int ticks = 0;

void tick(int) {
  ticks = ticks + 1;
}

int run() {
  ::signal(SIGALRM, tick);
  const itimerval interval{.it_interval = {.tv_sec = 0, .tv_usec = 1000}, .it_value = {.tv_sec = 0, .tv_usec = 1000}};
  ::setitimer(ITIMER_REAL, &interval, nullptr);
  long changed = 0;
  while (ticks < kTicks && changed == 0) changed = keeps_all();
  say("after %d interrupts a system call keeps registers and red zone: %s\n", kTicks, changed == 0 ? "yes" : "no");
  return 0;
}

}  // namespace

static const Topic topic("interrupted_calls", run);
