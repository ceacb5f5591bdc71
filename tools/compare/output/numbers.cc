#include "tools/compare/output/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace husk::compare {
namespace {

struct Scale {
  double factor;
  const char* name;
};

std::string scaled(double value, std::initializer_list<Scale> scales) {
  const Scale* best = scales.begin();
  for (const Scale& scale : scales) {
    if (std::abs(value) >= scale.factor) best = &scale;
  }
  return significant(value / best->factor) + " " + best->name;
}

}  // namespace

std::string significant(double value) {
  constexpr int kMostMagnitude = 15;  // beyond, and below the least, an exponent is shorter than the zeros
  constexpr int kLeastMagnitude = -6;
  if (!std::isfinite(value)) return kNoFigure;
  if (value == 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  const bool is_usual = magnitude >= kLeastMagnitude && magnitude <= kMostMagnitude;
  char text[40];
  std::snprintf(text, sizeof text, is_usual ? "%.*f" : "%.*e", is_usual ? std::clamp(2 - magnitude, 0, 6) : 2, value);
  return text;
}

std::string with_unit(double value, Unit unit) {
  switch (unit) {
    case Unit::kNanoseconds:
      return scaled(value, {{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}});
    case Unit::kBytes:
      return scaled(value, {{1, "B"}, {1024.0, "KiB"}, {1048576.0, "MiB"}, {1073741824.0, "GiB"}});
    case Unit::kBytesPerSecond:
      return scaled(value, {{1, "B/s"}, {1e3, "kB/s"}, {1e6, "MB/s"}, {1e9, "GB/s"}});
    case Unit::kPerSecond:
      return significant(value) + " /s";
  }
  return {};
}

std::string ratio_text(const std::optional<Summary>& ratio) {
  return ratio ? significant(ratio->median) + "x" : kNoFigure;
}

std::string interval_text(const std::optional<Summary>& summary, double divisor) {
  if (!summary || !summary->interval) return kNoFigure;
  return "[" + significant(summary->interval->low / divisor) + ", " + significant(summary->interval->high / divisor) +
         "]";
}

}  // namespace husk::compare
