// The one way by which words that a guest provoked reach husk's standard error: the lines of its kernel's log, and what
// the devices say of the rules that it broke. A guest can have as many of both as it likes, so they have a budget. It
// fills up again with time, so that a machine that has run for a month is still heard; whoever says more is silent
// until it has, and one line says how much was left out.
//
// Threading: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>

#include "vmm/log.h"

namespace husk::machine {

class GuestWords {
 public:
  // All that the ring of the kernel's log (16 KiB, abi::GuestLog) can hold, four times: a guest that says at once all
  // that it has to say is heard.
  static constexpr std::uint64_t kBudget = 64 * 1024;
  static constexpr std::uint64_t kBytesPerSecond = 1024;
  // Longer lines are cut. Nothing that husk's kernel says is as long.
  static constexpr std::size_t kMaxLine = 1000;
  // What a line of `size` bytes takes of the budget: also an empty one is not free.
  static constexpr std::uint64_t cost(std::size_t size) { return (size < kMaxLine ? size : kMaxLine) + 32; }
  // Whoever has spent the budget is silent until so much of it is there again: a line now and then, each with a notice
  // of what was left out, would be mostly notices.
  static constexpr std::uint64_t kEnough = kBudget / 8;
  // When the VM ends, its last words are heard whatever was said before: they tell why a kernel panicked.
  static constexpr std::uint64_t kLastWords = 4 * 1024;

  using Sink = std::function<void(log::Severity, std::string_view)>;
  using Clock = std::function<std::uint64_t()>;  // ns

  GuestWords(Sink sink, Clock clock);

  // `line` in the guest's words: bytes that a terminal would act on become visible instead.
  void say(log::Severity severity, std::string_view line);

  // The VM has ended. Gives what is said from now on a budget of at least kLastWords; returns the budget.
  std::uint64_t begin_last_words();
  // Nothing more will be said: says what was left out.
  void end();

 private:
  void refill();
  void say_what_was_left_out();

  std::mutex mutex_;
  const Sink sink_;
  const Clock clock_;
  std::uint64_t budget_ = kBudget;
  std::uint64_t refilled_ns_;
  std::uint64_t lines_left_out_ = 0;
  std::uint64_t bytes_left_out_ = 0;
  bool silent_ = false;
};

}  // namespace husk::machine
