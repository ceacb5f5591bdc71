// Whether the machine, or a runner, changed while start-up was measured: in words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/compare/result.h"
#include "tools/compare/statistics/drift.h"

namespace husk::compare {

// What the tests of drift.h say of a series of `metric`, in the slices in which the comparison has measured it; nothing
// for a metric that was not measured in slices, or of which there are too few samples.
std::optional<Drift> drift_of(const ComparisonResult& result, const std::string& metric, const Series& series);

// All series of start-up times and of their ratios to the baseline are looked at, and the probabilities are adjusted for
// their number (Holm): on a machine that does not change, fewer than one comparison in twenty has such a warning. A
// change of less than kLeastChange is not worth one.
std::vector<std::string> drift_warnings(const ComparisonResult& result, const std::string& baseline);

inline constexpr double kLeastChange = 0.05;

}  // namespace husk::compare
