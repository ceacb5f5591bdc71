#include "tools/compare/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tools/compare/process.h"

namespace husk::compare {
namespace {

constexpr std::uint64_t kLeastPauseNs = 100'000'000;

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

ProgressBar::ProgressBar() : visible_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(double done, const std::string& what, double seconds_left) {
  constexpr std::size_t kWidth = 24;
  const auto filled = static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * kWidth);
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, " %3.0f%%  %.0f s left  ", 100 * std::clamp(done, 0.0, 1.0),
                std::ceil(seconds_left));
  draw("[" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "]" + numbers + what);
}

void ProgressBar::show_elapsed(const std::string& what, double seconds) {
  char number[32];
  std::snprintf(number, sizeof number, "%.0f s  ", seconds);
  draw(number + what);
}

void ProgressBar::draw(std::string line) {
  const std::uint64_t now = monotonic_ns();
  if (!visible_ || now - drawn_ns_ < kLeastPauseNs) return;
  drawn_ns_ = now;
  // A line that wraps could not be wiped.
  if (line.size() >= terminal_width()) line.resize(terminal_width() - 1);
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
}

}  // namespace husk::compare
