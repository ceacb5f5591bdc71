// Figures as text, with three significant digits: more would claim a precision that no measurement here has.
#pragma once

#include <optional>
#include <string>

#include "tools/compare/metrics.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {

inline constexpr char kNoFigure[] = "-";
inline constexpr double kMillisecond = 1e6;  // in ns, as times are measured

std::string significant(double value);  // "3.24", "24.6", "1240"; "-" for what is not finite

// In a unit that suits the value: "3.24 ms", "2.9 MiB", "1.2 GB/s", "310 /s".
std::string with_unit(double value, Unit unit);

std::string ratio_text(const std::optional<Summary>& ratio);                       // "2.13x"
std::string interval_text(const std::optional<Summary>& summary, double divisor);  // "[3.1, 3.4]"

}  // namespace husk::compare
