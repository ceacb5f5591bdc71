#include "tools/compare/progress.h"

#include <unistd.h>

#include <cstdio>

namespace husk::compare {

ProgressBar::ProgressBar() : visible_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(unsigned done, unsigned total, const std::string& what) {
  if (!visible_ || total == 0) return;
  constexpr unsigned kWidth = 30;
  const unsigned filled = done * kWidth / total;
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "\r[%s] %3u%%  %s\033[K", bar.c_str(), done * 100 / total, what.c_str());
}

}  // namespace husk::compare
