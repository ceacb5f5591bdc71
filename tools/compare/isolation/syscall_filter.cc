#include "tools/compare/isolation/syscall_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <tuple>

namespace husk::compare {
namespace {

using Known = std::optional<std::uint32_t>;

// Where a run of the filter stands: next instruction, accumulator, index register. Scratch memory is taken for unknown.
using State = std::tuple<std::size_t, Known, Known>;

struct Outcomes {
  bool passes = false;
  bool refuses = false;
  void add(Known action) {
    const std::uint32_t what = action.value_or(SECCOMP_RET_ALLOW) & SECCOMP_RET_ACTION_FULL;
    const bool lets_through = what == SECCOMP_RET_ALLOW || what == SECCOMP_RET_LOG || what == SECCOMP_RET_TRACE ||
                              what == SECCOMP_RET_USER_NOTIF;
    (lets_through ? passes : refuses) = true;
    if (!action) refuses = true;
  }
};

Known calculate(std::uint16_t operation, std::uint32_t a, std::uint32_t b) {
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_DIV:
      return b == 0 ? Known() : Known(a / b);
    case BPF_OR:
      return a | b;
    case BPF_AND:
      return a & b;
    case BPF_LSH:
      return b < 32 ? a << b : 0;
    case BPF_RSH:
      return b < 32 ? a >> b : 0;
    case BPF_XOR:
      return a ^ b;
    default:
      return std::nullopt;
  }
}

bool compares(std::uint16_t operation, std::uint32_t a, std::uint32_t b) {
  switch (operation) {
    case BPF_JEQ:
      return a == b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    default:
      return (a & b) != 0;  // BPF_JSET
  }
}

Outcomes run(const SyscallFilter& filter, std::uint32_t number) {
  Outcomes outcomes;
  std::set<State> seen;
  std::vector<State> next = {{0, 0U, 0U}};
  while (!next.empty()) {
    const State state = next.back();
    next.pop_back();
    if (!seen.insert(state).second) continue;
    auto [at, a, x] = state;
    if (at >= filter.size()) {
      outcomes.passes = true;  // runs off its end: not a program that the kernel would accept
      continue;
    }
    const sock_filter& instruction = filter[at];
    const std::uint16_t code = instruction.code;
    const Known operand = BPF_SRC(code) == BPF_X ? x : Known(instruction.k);
    switch (BPF_CLASS(code)) {
      case BPF_LD:
        if (BPF_MODE(code) == BPF_IMM) {
          a = instruction.k;
        } else if (BPF_MODE(code) == BPF_ABS && instruction.k == offsetof(seccomp_data, nr)) {
          a = number;
        } else if (BPF_MODE(code) == BPF_ABS && instruction.k == offsetof(seccomp_data, arch)) {
          a = AUDIT_ARCH_X86_64;
        } else if (BPF_MODE(code) == BPF_LEN) {
          a = sizeof(seccomp_data);
        } else {
          a = std::nullopt;
        }
        next.emplace_back(at + 1, a, x);
        break;
      case BPF_LDX:
        x = BPF_MODE(code) == BPF_IMM   ? Known(instruction.k)
            : BPF_MODE(code) == BPF_LEN ? Known(sizeof(seccomp_data))
                                        : std::nullopt;
        next.emplace_back(at + 1, a, x);
        break;
      case BPF_ST:
      case BPF_STX:
        next.emplace_back(at + 1, a, x);
        break;
      case BPF_ALU:
        if (BPF_OP(code) == BPF_NEG) {
          a = a ? Known(-*a) : a;
        } else {
          a = a && operand ? calculate(BPF_OP(code), *a, *operand) : std::nullopt;
        }
        next.emplace_back(at + 1, a, x);
        break;
      case BPF_JMP:
        if (BPF_OP(code) == BPF_JA) {
          next.emplace_back(at + 1 + instruction.k, a, x);
        } else {
          const bool is_known = a && operand;
          const bool is_true = is_known && compares(BPF_OP(code), *a, *operand);
          if (!is_known || is_true) next.emplace_back(at + 1 + instruction.jt, a, x);
          if (!is_known || !is_true) next.emplace_back(at + 1 + instruction.jf, a, x);
        }
        break;
      case BPF_RET:
        outcomes.add(BPF_RVAL(code) == BPF_A ? a : Known(instruction.k));
        break;
      default:  // BPF_MISC: TAX and TXA
        if (BPF_MISCOP(code) == BPF_TAX) {
          x = a;
        } else {
          a = x;
        }
        next.emplace_back(at + 1, a, x);
    }
  }
  return outcomes;
}

}  // namespace

Reach evaluate(std::span<const SyscallFilter> filters, std::uint32_t number) {
  bool is_sometimes_refused = false;
  for (const SyscallFilter& filter : filters) {
    const Outcomes outcomes = run(filter, number);
    if (!outcomes.passes) return Reach::kNever;
    if (outcomes.refuses) is_sometimes_refused = true;
  }
  return is_sometimes_refused ? Reach::kSometimes : Reach::kAlways;
}

FilterReading read_filters(pid_t thread) {
  FilterReading reading;
  const auto fail = [&](const char* step) {
    reading.why_not = std::string(step) + ": " + std::strerror(errno);
    return reading;
  };
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) return fail("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) return fail("PTRACE_INTERRUPT");
  while (waitpid(thread, nullptr, __WALL) < 0) {
    if (errno != EINTR) return fail("waitpid");
  }
  reading.is_readable = true;
  for (unsigned long index = 0;; ++index) {
    const long count = ptrace(PTRACE_SECCOMP_GET_FILTER, thread, index, nullptr);
    if (count < 0) {
      // The end of the list; without any filter the thread's mode tells that everything is let through.
      if (errno != ENOENT && errno != EINVAL) {
        reading.is_readable = false;
        fail("PTRACE_SECCOMP_GET_FILTER");
      }
      break;
    }
    SyscallFilter filter(static_cast<std::size_t>(count));
    ptrace(PTRACE_SECCOMP_GET_FILTER, thread, index, filter.data());
    reading.filters.push_back(std::move(filter));
  }
  ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  return reading;
}

std::vector<std::pair<std::uint32_t, std::string>> known_system_calls() {
  constexpr std::uint32_t kBeyondAll = 1024;
  std::vector<std::pair<std::uint32_t, std::string>> calls;
  for (std::uint32_t number = 0; number < kBeyondAll; ++number) {
    char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, static_cast<int>(number));
    if (name != nullptr) calls.emplace_back(number, name);
    std::free(name);
  }
  return calls;
}

}  // namespace husk::compare
