// Building blocks of seccomp filters: programs of classic BPF over a system call's number and arguments (seccomp(2);
// Documentation/networking/filter.rst), put together by the compiler. Of the filters there are, the VMM's lies in
// vmm/sandbox, the payload's of a namespace in vmm/runner, and that of an image's maker in vmm/image.
//
// Why not libseccomp: it takes milliseconds at run time. Why a search and one copy of each result: installing a filter
// costs 16 us and 0.17 us for each instruction (it is compiled), and the kernel runs it once for every number there is
// (to cache the answers).
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "vmm/error.h"

namespace husk::filter_program {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitecture = offsetof(seccomp_data, arch);
// The low half of an argument, which is all there is of what is an int in the kernel; x86 is little-endian.
constexpr std::uint32_t argument(unsigned index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

constexpr sock_filter load(std::uint32_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset);
}
constexpr sock_filter result(std::uint32_t value) {
  return BPF_STMT(BPF_RET | BPF_K, value);
}
// Compares the accumulator with `value` (BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET) and skips so many instructions.
constexpr sock_filter jump(unsigned comparison, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), value, static_cast<std::uint8_t>(if_true),
                  static_cast<std::uint8_t>(if_false));
}
// Skips `count` instructions unless the accumulator equals `value`.
constexpr sock_filter unless_equal_skip(std::uint32_t value, std::size_t count) {
  return jump(BPF_JEQ, value, 0, count);
}

// x32's calls show as x86-64's with this bit on top of the number (asm/unistd.h, __X32_SYSCALL_BIT).
inline constexpr std::uint32_t kX32Bit = 0x4000'0000;

// What happens to the calls with these numbers: a program that ends with a result on every path. It finds the number in
// the accumulator.
struct Range {
  std::uint32_t first;  // up to the next range's first
  Program program;
};

constexpr bool equal(const Program& a, const Program& b) {
  return std::ranges::equal(a, b, [](const sock_filter& one, const sock_filter& other) {
    return one.code == other.code && one.jt == other.jt && one.jf == other.jf && one.k == other.k;
  });
}

// All numbers from 0 on: those of `calls`, which are in any order and of which each stands for its first number alone,
// have their programs, and every other number gets `otherwise`.
constexpr std::vector<Range> ranges_of(std::vector<Range> calls, std::uint32_t otherwise) {
  std::ranges::sort(calls, {}, &Range::first);
  std::vector<Range> ranges{{0, {result(otherwise)}}};
  const auto add = [&ranges](std::uint32_t first, Program program) {
    if (ranges.back().first == first) ranges.pop_back();
    if (ranges.empty() || !equal(ranges.back().program, program)) ranges.push_back({first, std::move(program)});
  };
  for (Range& call : calls) {
    add(call.first, std::move(call.program));
    add(call.first + 1, {result(otherwise)});
  }
  return ranges;
}

// Linux has no call with a number above this: asm/unistd_64.h ends at 334 and between 424 and some 470.
inline constexpr std::uint32_t kNumbersInUse = 480;

// A search over the ranges, which are sorted, for the number in the accumulator. Each comparison halves not the ranges but the numbers
// that are left, as far as it can: the kernel asks for each number there is when a filter is installed, and wide ranges are few.
constexpr Program search(std::span<const Range> ranges, std::uint32_t end = kNumbersInUse) {
  if (ranges.size() == 1) return ranges.front().program;
  const std::uint32_t half = ranges.front().first + (std::max(end, ranges.back().first + 1) - ranges.front().first) / 2;
  // The range that begins closest to the middle.
  std::size_t middle = 1;
  while (middle + 1 < ranges.size() && ranges[middle + 1].first <= half) ++middle;
  if (middle + 1 < ranges.size() && ranges[middle].first < half &&
      ranges[middle + 1].first - half < half - ranges[middle].first) {
    ++middle;
  }
  const Program low = search(ranges.first(middle), ranges[middle].first);
  const Program high = search(ranges.subspan(middle), end);
  // A jump on a condition reaches 255 instructions; to the other half, a goto reaches any.
  Program program{jump(BPF_JGE, ranges[middle].first, 0, 1),
                  BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(low.size()))};
  program.insert(program.end(), low.begin(), low.end());
  program.insert(program.end(), high.begin(), high.end());
  return program;
}

// The same program with one copy of each result, where all jumps to a result go, and without what is then out of reach:
// half as long. Throws (in a constant expression: does not compile) where a jump would be too far for classic BPF.
class Compactor {
 public:
  constexpr explicit Compactor(const Program& program) : program_(program), position_(program.size(), kUnreached) {}

  constexpr Program run() {
    // Jumps go forward only, so one pass finds all that is in reach.
    position_[0] = 0;
    for (std::size_t i = 0; i < program_.size(); ++i) {
      if (position_[i] == kUnreached) continue;
      position_[i] = kept_.size();
      kept_.push_back(i);
      if (is_result(program_[i])) continue;
      if (is_goto(program_[i])) throw Error("build", "a system call filter", "it falls into a goto");
      if (!is_jump(program_[i])) {
        reach(i + 1);
        continue;
      }
      reach(final_target(i, program_[i].jt));
      reach(final_target(i, program_[i].jf));
    }
    Program compact;
    for (const std::size_t i : kept_) {
      sock_filter instruction = program_[i];
      if (is_jump(instruction)) {
        instruction.jt = distance(i, final_target(i, instruction.jt));
        instruction.jf = distance(i, final_target(i, instruction.jf));
      }
      compact.push_back(instruction);
    }
    for (const std::uint32_t value : results_) compact.push_back(result(value));
    return compact;
  }

 private:
  static constexpr std::size_t kUnreached = ~std::size_t{0};

  static constexpr bool is_result(const sock_filter& instruction) { return BPF_CLASS(instruction.code) == BPF_RET; }
  static constexpr bool is_jump(const sock_filter& instruction) { return BPF_CLASS(instruction.code) == BPF_JMP; }
  static constexpr bool is_goto(const sock_filter& instruction) {
    return is_jump(instruction) && BPF_OP(instruction.code) == BPF_JA;
  }

  constexpr void reach(std::size_t target) {
    if (target < program_.size() && position_[target] == kUnreached) position_[target] = 0;
  }

  // Where the jump at `from` that skips `count` instructions ends: past unconditional jumps, and at the shared result
  // (numbered from program_.size() on) in place of one of its own.
  constexpr std::size_t final_target(std::size_t from, std::size_t count) {
    std::size_t target = from + 1 + count;
    while (is_goto(program_[target])) target += 1 + program_[target].k;
    if (!is_result(program_[target])) return target;
    const auto found = std::ranges::find(results_, program_[target].k);
    const auto index = static_cast<std::size_t>(found - results_.begin());
    if (found == results_.end()) results_.push_back(program_[target].k);
    return program_.size() + index;
  }

  constexpr std::uint8_t distance(std::size_t from, std::size_t target) const {
    const std::size_t to = target < program_.size() ? position_[target] : kept_.size() + (target - program_.size());
    const std::size_t skipped = to - position_[from] - 1;
    if (skipped > 255) throw Error("build", "a system call filter", "a jump is too far");
    return static_cast<std::uint8_t>(skipped);
  }

  const Program& program_;
  std::vector<std::size_t> position_;  // in the compact program, of what is kept
  std::vector<std::size_t> kept_;
  std::vector<std::uint32_t> results_;
};

// Calls of x86-64 go through `ranges`, the first of which begins with 0; calls of any other architecture get `foreign`.
constexpr Program make_filter(std::span<const Range> ranges, std::uint32_t foreign) {
  Program program{load(kArchitecture), jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0), result(foreign), load(kNumber)};
  const Program tree = search(ranges);
  program.insert(program.end(), tree.begin(), tree.end());
  return Compactor(program).run();
}

// The program that the function `kMake` returns, as a constant of the executable.
template <auto kMake>
inline constexpr auto kConstant = [] {
  // In a function, because clang 14 does not see that a temporary in a template argument is destroyed.
  constexpr auto size = [] { return kMake().size(); };
  std::array<sock_filter, size()> program{};
  std::ranges::copy(kMake(), program.begin());
  return program;
}();

}  // namespace husk::filter_program
