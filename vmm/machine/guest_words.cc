#include "vmm/machine/guest_words.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace husk::machine {
namespace {

// What a terminal would act on becomes visible instead.
char printable(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value < 0x20 || value == 0x7f || (value >= 0x80 && value < 0xa0) ? '?' : byte;
}

constexpr std::uint64_t kSecondNs = 1'000'000'000;

}  // namespace

GuestWords::GuestWords(Sink sink, Clock clock)
    : sink_(std::move(sink)), clock_(std::move(clock)), refilled_ns_(clock_()) {}

void GuestWords::say(log::Severity severity, std::string_view line) {
  const std::lock_guard lock(mutex_);
  refill();
  if (silent_ && budget_ >= kEnough) say_what_was_left_out();
  if (silent_ || cost(line.size()) > budget_) {
    silent_ = true;
    ++lines_left_out_;
    bytes_left_out_ += line.size();
    return;
  }
  budget_ -= cost(line.size());
  const bool cut = line.size() > kMaxLine;
  std::string text(line.substr(0, kMaxLine));
  std::ranges::transform(text, text.begin(), printable);
  if (cut) text += "...";
  sink_(severity, text);
}

std::uint64_t GuestWords::begin_last_words() {
  const std::lock_guard lock(mutex_);
  refill();
  budget_ = std::max(budget_, kLastWords);
  if (silent_) say_what_was_left_out();
  return budget_;
}

void GuestWords::end() {
  const std::lock_guard lock(mutex_);
  if (silent_) say_what_was_left_out();
}

void GuestWords::refill() {
  const std::uint64_t now = clock_();
  const std::uint64_t seconds = (now - refilled_ns_) / kSecondNs;
  refilled_ns_ += seconds * kSecondNs;
  budget_ = std::min(kBudget, budget_ + std::min(seconds, kBudget) * kBytesPerSecond);
}

void GuestWords::say_what_was_left_out() {
  char text[128];
  std::snprintf(text, sizeof text, "guest: (%llu lines of its words were left out, %llu bytes)",
                static_cast<unsigned long long>(lines_left_out_), static_cast<unsigned long long>(bytes_left_out_));
  lines_left_out_ = bytes_left_out_ = 0;
  silent_ = false;
  sink_(log::Severity::kWarning, text);
}

}  // namespace husk::machine
