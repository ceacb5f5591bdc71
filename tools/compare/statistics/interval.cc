#include "tools/compare/statistics/interval.h"

#include <algorithm>
#include <stdexcept>

#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare {

Interval median_interval(std::span<const double> values, std::uint64_t seed) {
  if (values.size() < kLeastForInterval) throw std::invalid_argument("too few values for an interval");
  // The extremes of 6 values enclose their median with a probability of 1 - 2 * 0.5^6 = 97 %.
  const auto [least, most] = std::ranges::minmax(values);
  if (values.size() < kLeastForBatches) return {least, most};
  // Student's t at 97.5 % with kBatches - 1 degrees of freedom.
  static_assert(kBatches == 4 && kConfidence == 0.95);
  constexpr double kStudent = 3.1824;
  const double half = kStudent * std::max(bootstrap_error(values, seed), batch_error(values));
  const double middle = median(values);
  return {std::max(least, middle - half), std::min(most, middle + half)};
}

}  // namespace husk::compare
