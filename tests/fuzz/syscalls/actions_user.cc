// What user code does without the kernel: jumps, instructions, accesses, and returns from signals with frames of its
// own.
#include <signal.h>
#include <ucontext.h>

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/worker.h"

namespace fuzz {
namespace {

// Not 0: the next signal handler changes the frame that it returns to.
volatile std::uint64_t change_frame_with;
volatile Where change_frame_where;

struct Registers {
  std::uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags, stack, target;
};
Registers registers;

// Loads everything and goes there. The jump's own address is in memory, so every register holds what it was told to.
[[noreturn]] void load_and_jump() {
  asm volatile(
      "mov %0, %%rax\n\t"
      "pushq 120(%%rax)\n\t"
      "mov 8(%%rax), %%rbx\n\t"
      "mov 16(%%rax), %%rcx\n\t"
      "mov 24(%%rax), %%rdx\n\t"
      "mov 32(%%rax), %%rsi\n\t"
      "mov 40(%%rax), %%rdi\n\t"
      "mov 48(%%rax), %%rbp\n\t"
      "mov 56(%%rax), %%r8\n\t"
      "mov 64(%%rax), %%r9\n\t"
      "mov 72(%%rax), %%r10\n\t"
      "mov 80(%%rax), %%r11\n\t"
      "mov 88(%%rax), %%r12\n\t"
      "mov 96(%%rax), %%r13\n\t"
      "mov 104(%%rax), %%r14\n\t"
      "mov 112(%%rax), %%r15\n\t"
      "popfq\n\t"
      "mov 128(%%rax), %%rsp\n\t"
      "mov (%%rax), %%rax\n\t"
      "jmp *%1\n\t"
      "ud2"
      :
      : "r"(&registers), "m"(registers.target)
      : "memory");
  __builtin_unreachable();
}

void choose_registers(Worker& worker) {
  Values& values = worker.values();
  Random& random = worker.random();
  auto* words = &registers.rax;
  for (std::size_t index = 0; index < sizeof registers / 8; ++index)
    words[index] = random.one_in(3) ? for_own_use(worker.world(), values.any_address()) : values.word();
  registers.flags = 0x202;
  if (random.one_in(2))
    registers.flags |=
        random.one_of({1ull << 8, 1ull << 10, 1ull << 14, 1ull << 18, 3ull << 12, 1ull << 21, 1ull << 16});
  if (random.one_in(8)) registers.flags = random.next();
  if (random.one_in(2)) registers.stack = kSignalStacks + kStackSize - 128;
  // KVM's software backend itself hangs when an interrupt comes while CPL 3 has a stack pointer that is not canonical:
  // no guest kernel can do anything about that.
  registers.stack = for_own_use(worker.world(), registers.stack & 0x7fff'ffff'ffff);
}

}  // namespace

void jump_somewhere(Worker& worker) {
  choose_registers(worker);
  const World& world = worker.world();
  // The system call's entry, as SYSCALL leaves the registers, and a little behind it.
  if (world.where == Where::kRing0 && world.syscall_entry != 0 && worker.random().one_in(2))
    registers.target = world.syscall_entry + (worker.random().one_in(2) ? 0 : worker.random().below(40));
  worker.begin(kActionBase + 7,
               {registers.target, registers.stack, registers.rcx, registers.r11, registers.flags, registers.rax});
  load_and_jump();
}

void touch_somewhere(Worker& worker) {
  const World& world = worker.world();
  Values& values = worker.values();
  for (int count = 0; count < 4; ++count) {
    auto* at = reinterpret_cast<volatile std::uint64_t*>(
        for_own_use(world, worker.random().one_in(3) ? values.mapping_address() : values.any_address()));
    worker.begin(kActionBase + 10, {address_of(at), 0, 0, 0, 0, 0});
    if (worker.random().one_in(2))
      *at = worker.random().next();
    else
      static_cast<void>(*at);
    worker.end(0);
  }
}

void run_instructions(Worker& worker) {
  // Instructions that are privileged, that raise exceptions, that load segments and states, or that take long.
  static constexpr const char* kInstructions[] = {"\xcc",
                                                  "\xf1",
                                                  "\x0f\x0b",
                                                  "\xf4",
                                                  "\xfa",
                                                  "\xfb",
                                                  "\xf8",
                                                  "\xce",
                                                  "\x0f\x05",
                                                  "\x0f\x34",
                                                  "\x0f\x07",
                                                  "\x48\x0f\x07",
                                                  "\x0f\x35",
                                                  "\x0f\x30",
                                                  "\x0f\x32",
                                                  "\x0f\x33",
                                                  "\x0f\x20\xc0",
                                                  "\x0f\x22\xd8",
                                                  "\x0f\x22\xe0",
                                                  "\x0f\x21\xf8",
                                                  "\x0f\x23\xf8",
                                                  "\x0f\x06",
                                                  "\x0f\x08",
                                                  "\x0f\x09",
                                                  "\x0f\x01\xc1",
                                                  "\x0f\x01\xc8",
                                                  "\x0f\x01\xc9",
                                                  "\x0f\x01\xca",
                                                  "\x0f\x01\xcb",
                                                  "\x0f\x01\xd0",
                                                  "\x0f\x01\xd1",
                                                  "\x0f\x01\xd8",
                                                  "\x0f\x01\xd9",
                                                  "\x0f\x01\xda",
                                                  "\x0f\x01\xdc",
                                                  "\x0f\x01\xdd",
                                                  "\x0f\x01\xf8",
                                                  "\x0f\x01\xf9",
                                                  "\x0f\x01\x07",
                                                  "\x0f\x01\x0f",
                                                  "\x0f\x01\x17",
                                                  "\x0f\x01\x1f",
                                                  "\x0f\x01\x27",
                                                  "\x0f\x01\x37",
                                                  "\x0f\x01\x3f",
                                                  "\x0f\x01\xe0",
                                                  "\x0f\x01\xf0",
                                                  "\x0f\xc8",
                                                  "\x0f\x0f\xd8",
                                                  "\x0f\xd0",
                                                  "\x0f\xd8",
                                                  "\xe4\x20",
                                                  "\xe6\x80",
                                                  "\xec",
                                                  "\xee",
                                                  "\xed",
                                                  "\xef",
                                                  "\x6c",
                                                  "\x6e",
                                                  "\xf3\x6e",
                                                  "\x9d",

                                                  "\xcf",
                                                  "\xcb",
                                                  "\x48\xcb",
                                                  "\x8e\xd0",
                                                  "\x8e\xd8",
                                                  "\x8e\xc0",
                                                  "\x8e\xe0",
                                                  "\x8e\xe8",
                                                  "\xf3\x48\x0f\xae\xd0",
                                                  "\xf3\x48\x0f\xae\xd8",
                                                  "\xf3\x48\x0f\xae\xc0",
                                                  "\x0f\xae\x07",
                                                  "\x0f\xae\x0f",
                                                  "\x0f\xae\x17",
                                                  "\x0f\xae\x1f",
                                                  "\x48\x0f\xae\x27",
                                                  "\x48\x0f\xae\x2f",
                                                  "\x0f\xc7\x3f",
                                                  "\x0f\xc7\xf0",
                                                  "\xdb\xe3",
                                                  "\xd9\xfe\x9b",
                                                  "\xde\xf9\x9b",
                                                  "\xc5\xf8\x77",
                                                  "\xf3\xa4",
                                                  "\xf3\xaa",
                                                  "\xf3\x48\xab",
                                                  "\x0f\xa2",
                                                  "\xeb\xfe",
                                                  "\xff\x2f",
                                                  "\xff\x1f",
                                                  "\xf7\xf1",
                                                  "\x48\xf7\xf9",
                                                  "\xf0\x0f\xc7\xc8",
                                                  "\x66\x0f\xae\xf8",
                                                  "\xf3\x90",
                                                  "\x0f\x38\xf0\x07",
                                                  "\xc4\xe2\x7d\x19\x07",
                                                  "\x9c\x81\x0c\x24",
                                                  "\x0f\x00\xc8",
                                                  "\x0f\x00\x17",
                                                  "\x0f\x00\x1f",
                                                  "\x0f\x02\xc0",
                                                  "\x0f\x03\xc0",
                                                  "\x63\xc0",
                                                  "\xc8\xff\xff\x1f",
                                                  "\xc9",
                                                  "\x66\x90\x0f\x05",
                                                  "\xf3\x0f\x01\x28",
                                                  "\xf3\x0f\x1e\xc8",
                                                  "\x0f\x18\x07"};
  Random& random = worker.random();
  choose_registers(worker);
  auto* code = reinterpret_cast<volatile unsigned char*>(kCode + random.below(kPage - 64));
  if (random.one_in(6))
    code = reinterpret_cast<volatile unsigned char*>(kCode + kPage - 1 - random.below(3));  // over the edge
  const auto room = kCode + kPage - address_of(code);
  unsigned length = 0;
  const auto put = [&](unsigned char byte) {
    if (length < room) code[length++] = byte;
  };
  for (std::uint64_t count = 1 + random.below(3); count > 0; --count) {
    if (random.one_in(6)) {
      put(0xcd);
      put(static_cast<unsigned char>(random.next()));
    } else if (random.one_in(8) && worker.world().where != Where::kRing3) {
      for (int byte = 0; byte < 8; ++byte) put(static_cast<unsigned char>(random.next()));
    } else {
      const char* bytes = random.one_of(kInstructions);
      do put(static_cast<unsigned char>(*bytes));
      while (*++bytes != '\0');
    }
  }
  put(0x0f);
  put(0x0b);
  registers.target = address_of(code);
  // Fewer than what is above: a system call that such an instruction makes is not one that ends the machine lawfully.
  registers.rax = random.one_in(2) ? std::uint64_t{SYS_getpid} : registers.rax;
  if (registers.rax == SYS_reboot || registers.rax == SYS_kill || registers.rax == SYS_tkill)
    registers.rax = SYS_getppid;
  std::uint64_t bytes[2] = {};
  for (unsigned index = 0; index < 16 && index < length; ++index)
    bytes[index / 8] |= std::uint64_t{code[index]} << index % 8 * 8;
  worker.begin(kActionBase + 9, {registers.target, __builtin_bswap64(bytes[0]), __builtin_bswap64(bytes[1]),
                                 registers.stack, registers.flags, registers.rax});
  load_and_jump();
}

// rt_sigreturn(2) finds its frame by the stack pointer: the one that the kernel made, changed, or one that it never
// made.
void return_from_signal(Worker& worker) {
  Random& random = worker.random();
  if (random.one_in(3)) {
    std::uint64_t at = for_own_use(worker.world(), worker.values().any_address());
    if (!random.one_in(4)) {
      constexpr int kWords = 120;
      std::uint64_t* frame = worker.values().room(kWords * 8);
      for (int index = 0; index < kWords; ++index) frame[index] = random.one_in(2) ? 0 : worker.values().word();
      at = address_of(frame);
    }
    worker.begin(kActionBase + 8, {at, 1, 0, 0, 0, 0});
    asm volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2" : : "r"(at) : "memory");
    __builtin_unreachable();
  }
  std::uint64_t* action = worker.values().room(32);
  action[0] = address_of_function(&signal_handler);
  action[1] = 0x0400'0004 | (random.one_in(3) ? 0x0800'0000 : 0) | (random.one_in(3) ? 0x4000'0000 : 0);
  action[2] = address_of_function(&signal_restorer);
  action[3] = random.next();
  raw(SYS_rt_sigaction, SIGUSR2, address_of(action), 0, 8);
  for (int turn = 0; turn < 8; ++turn) {
    change_frame_where = worker.world().where;
    change_frame_with = random.next() | 1;
    worker.begin(kActionBase + 8, {change_frame_with, 0, 0, 0, 0, 0});
    worker.end(raw(SYS_tkill, static_cast<std::uint64_t>(raw(SYS_gettid)), SIGUSR2));
  }
}

void signal_handler(int, void*, void* given) {
  const std::uint64_t seed = change_frame_with;
  if (seed == 0 || given == nullptr) return;
  change_frame_with = 0;
  Random random(seed);
  const World world{change_frame_where, false, 0, 0, nullptr, 0, false};
  Values values(random, world);
  auto* context = static_cast<ucontext_t*>(given);
  auto* words = context->uc_mcontext.gregs;
  for (std::uint64_t count = 1 + random.below(3); count > 0; --count) {
    switch (random.below(9)) {
      case 0:
        words[random.below(NGREG)] = static_cast<long long>(values.word());
        break;
      case 1:
        words[REG_RIP] = static_cast<long long>(values.word());
        break;
      case 2:
        words[REG_RSP] = static_cast<long long>(values.word());
        break;
      case 3:
        words[REG_EFL] ^= 1ll << random.below(32);
        break;
      case 4:  // cs, gs, fs, ss
        words[REG_CSGSFS] = static_cast<long long>(
            random.one_in(2) ? values.word() : 0x002b'0000'0000'0033ull ^ (1ull << random.below(64)));
        break;
      case 5:
        context->uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(values.word());
        break;
      case 6:
        if (context->uc_mcontext.fpregs != nullptr) {
          auto* state = reinterpret_cast<unsigned char*>(context->uc_mcontext.fpregs);
          state[random.below(random.one_in(2) ? 32 : 832)] ^= static_cast<unsigned char>(1 + random.below(255));
          // Software-reserved bytes and the XSAVE header, where sizes and masks are.
          if (random.one_in(2)) *reinterpret_cast<std::uint64_t*>(state + 464 + random.below(14) * 8) = values.word();
        }
        break;
      case 7:
        context->uc_flags ^= 1ul << random.below(4);
        break;
      default:
        context->uc_stack.ss_sp = reinterpret_cast<void*>(values.word());
        context->uc_stack.ss_size = values.word();
        context->uc_stack.ss_flags = static_cast<int>(random.next());
    }
  }
}

asm(".text\n"
    ".globl signal_restorer\n"
    "signal_restorer:\n\t"
    "mov $15, %eax\n\t"
    "syscall\n\t"
    "ud2\n");

}  // namespace fuzz
