// What a handler finds in its frame: siginfo and ucontext of faults, the vector registers, the signal mask; and that
// what it changes there takes effect.
#include <immintrin.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "../topic.h"

using namespace abi;

static void install(int number, void (*action)(int, siginfo_t*, void*), int flags = 0) {
  struct sigaction description {};
  description.sa_sigaction = action;
  description.sa_flags = SA_SIGINFO | flags;
  ::sigemptyset(&description.sa_mask);
  ::sigaction(number, &description, nullptr);
}

static char* page;

// Says what the fault was and goes on at the address that the faulting code left in RBX.
static void on_fault(int number, siginfo_t* information, void* opaque) {
  auto* context = static_cast<ucontext_t*>(opaque);
  auto& registers = context->uc_mcontext.gregs;
  const auto address = reinterpret_cast<std::uintptr_t>(information->si_addr);
  say("SIG%s code %d trap %lld error %lld", ::sigabbrev_np(number), information->si_code,
      static_cast<long long>(registers[REG_TRAPNO]), static_cast<long long>(registers[REG_ERR]));
  if (registers[REG_TRAPNO] == 14) {
    say(" offset in page %lx, cr2 agrees %d", address & 0xfff, registers[REG_CR2] == static_cast<long long>(address));
  } else {
    say(" address is the instruction's %d", static_cast<long long>(address) == registers[REG_RIP]);
  }
  say(" cs %x\n", static_cast<unsigned>(registers[REG_CSGSFS] & 0xffff));
  registers[REG_RIP] = registers[REG_RBX];
}

#define FAULT(instruction, ...) \
  asm volatile("lea 1f(%%rip), %%rbx\n" instruction "\n1:" : : __VA_ARGS__ : "rbx", "rax", "rdx", "memory", "cc")

static void faults() {
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) install(number, on_fault);
  page = static_cast<char*>(::mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  FAULT("movl $1, (%0)", "r"(page + 0x123));
  ::mprotect(page, 4096, PROT_NONE);
  FAULT("movl (%0), %%eax", "r"(page + 0x124));
  ::munmap(page + 4096, 4096);
  FAULT("movl (%0), %%eax", "r"(page + 4096 + 0x125));
  FAULT("xor %%eax, %%eax\n cltd\n idivl %%eax", "r"(0));
  FAULT("ud2", "r"(0));
}

// A general protection fault says nothing about an address.
static void on_protection_fault(int number, siginfo_t* information, void* opaque) {
  auto& registers = static_cast<ucontext_t*>(opaque)->uc_mcontext.gregs;
  say("SIG%s code %x trap %lld\n", ::sigabbrev_np(number), information->si_code,
      static_cast<long long>(registers[REG_TRAPNO]));
  registers[REG_RIP] = registers[REG_RBX];
}

static void on_vector_signal(int, siginfo_t*, void* opaque) {
  auto* context = static_cast<ucontext_t*>(opaque);
  fpregset_t image = context->uc_mcontext.fpregs;
  std::uint32_t words[12];
  std::memcpy(words, reinterpret_cast<const char*>(image) + 464, sizeof words);
  // Either FXSAVE's image alone, or XSAVE's with its marks at both ends: which one it is depends on the CPU.
  bool whole = words[0] == 0;
  if (words[0] == 0x46505853) {
    std::uint32_t magic2;
    std::memcpy(&magic2, reinterpret_cast<const char*>(image) + words[4], sizeof magic2);
    whole = magic2 == 0x46505845 && words[1] == words[4] + 4;
  }
  say("image is 64-byte aligned %d, whole %d, xmm9 in it %x\n", reinterpret_cast<std::uintptr_t>(image) % 64 == 0,
      whole, image->_xmm[9].element[0]);
  image->_xmm[9].element[0] = 0xfeedface;
  // The handler's own use of the registers must not show outside.
  const __m128i noise = _mm_set1_epi32(-1);
  asm volatile("movdqa %0, %%xmm9\n movdqa %0, %%xmm10\n" : : "m"(noise) : "xmm9", "xmm10");
}

static void vectors() {
  install(SIGUSR1, on_vector_signal);
  const __m128i in = _mm_set1_epi32(0x12345678);
  __m128i nine;
  __m128i ten;
  asm volatile(
      "movdqa %2, %%xmm9\n movdqa %2, %%xmm10\n"
      "syscall\n"
      "movdqa %%xmm9, %0\n movdqa %%xmm10, %1\n"
      : "=m"(nine), "=m"(ten)
      : "m"(in), "a"(SYS_kill), "D"(::getpid()), "S"(SIGUSR1)
      : "rcx", "r11", "xmm9", "xmm10", "memory");
  say("after the handler: xmm9 %x, xmm10 %x\n", _mm_cvtsi128_si32(nine), _mm_cvtsi128_si32(ten));
}

static void on_mask_signal(int, siginfo_t*, void* opaque) {
  auto* context = static_cast<ucontext_t*>(opaque);
  sigset_t now;
  ::sigprocmask(SIG_BLOCK, nullptr, &now);
  say("in the handler SIGUSR2 is blocked %d; in the frame %d\n", ::sigismember(&now, SIGUSR2),
      ::sigismember(&context->uc_sigmask, SIGUSR2));
  ::sigaddset(&context->uc_sigmask, SIGHUP);
}

static void masks() {
  install(SIGUSR2, on_mask_signal);
  ::raise(SIGUSR2);
  sigset_t now;
  ::sigprocmask(SIG_BLOCK, nullptr, &now);
  say("afterwards SIGHUP is blocked %d, SIGUSR2 %d\n", ::sigismember(&now, SIGHUP), ::sigismember(&now, SIGUSR2));
}

static void on_flags(int, siginfo_t*, void*) {
  std::uint64_t flags;
  asm volatile("pushfq\n pop %0" : "=r"(flags));
  say("direction flag in the handler %d\n", static_cast<int>(flags >> 10 & 1));
}

// The flags and the red zone below the stack pointer belong to the interrupted code.
static void flags_and_red_zone() {
  install(SIGUSR1, on_flags);
  std::uint64_t flags;
  std::uint64_t red_zone;
  asm volatile(
      "movq $0x5a5a, -128(%%rsp)\n std\n"
      "syscall\n"
      "pushfq\n pop %0\n cld\n"
      "movq -128(%%rsp), %1\n"
      : "=&r"(flags), "=&r"(red_zone)
      : "a"(SYS_kill), "D"(::getpid()), "S"(SIGUSR1)
      : "rcx", "r11", "memory", "cc");
  say("after the handler: direction flag %d, red zone %lx\n", static_cast<int>(flags >> 10 & 1),
      static_cast<unsigned long>(red_zone));
}

// A frame that rt_sigreturn(2) cannot use.
static void bad_returns() {
  ::signal(SIGSEGV, SIG_DFL);
  say_end("rip in the kernel's half", in_child([] {
            install(SIGUSR1, [](int, siginfo_t*, void* opaque) {
              static_cast<ucontext_t*>(opaque)->uc_mcontext.gregs[REG_RIP] =
                  static_cast<long long>(0xffff'8000'0000'0000);
            });
            ::raise(SIGUSR1);
            return 0;
          }));
  say_end("no frame at all", in_child([] {
            asm volatile("xor %%esp, %%esp\n syscall\n" : : "a"(SYS_rt_sigreturn) : "rcx", "r11", "memory");
            return 0;
          }));
  say_end("no stack for the handler", in_child([] {
            install(SIGUSR1, [](int, siginfo_t*, void*) { say("never\n"); });
            asm volatile("mov $0x100, %%esp\n syscall\n"
                         :
                         : "a"(SYS_kill), "D"(::getpid()), "S"(SIGUSR1)
                         : "rcx", "r11", "memory");
            return 0;
          }));
  say_end("an overflowing alternate stack", in_child([] {
            static char memory[8192 * 2];
            stack_t stack{};
            stack.ss_sp = memory;
            stack.ss_size = 2048;  // the smallest allowed; a frame with big vector registers does not fit
            if (::sigaltstack(&stack, nullptr) != 0) return 0;
            install(
                SIGUSR1, [](int, siginfo_t*, void*) { ::raise(SIGUSR1); }, SA_ONSTACK | SA_NODEFER);
            ::raise(SIGUSR1);
            return 0;
          }));
}

static int run() {
  faults();
  install(SIGSEGV, on_protection_fault);
  FAULT("movabs $0x8000000000000000, %%rax\n movl (%%rax), %%eax", "r"(0));
  FAULT("hlt", "r"(0));
  vectors();
  masks();
  flags_and_red_zone();
  bad_returns();
  return 0;
}

static const Topic topic("signal_frame", run);
