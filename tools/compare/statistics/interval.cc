#include "tools/compare/statistics/interval.h"

#include <algorithm>
#include <stdexcept>

#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"

namespace husk::compare {

Interval median_interval(std::span<const double> values, std::uint64_t seed) {
  if (values.size() < kLeastForInterval) throw std::invalid_argument("too few values for an interval");
  // So few values support no more than their extremes: these enclose the median with a probability of
  // 1 - 2 * 0.5^n, 97 % of 6 values. The bootstrap of them is too narrow.
  if (values.size() < kLeastForBatches) {
    const auto [least, most] = std::ranges::minmax(values);
    return {least, most};
  }
  const Interval near = bootstrap_interval(values, seed);
  const Interval far = batch_interval(values);
  return {std::min(near.low, far.low), std::max(near.high, far.high)};
}

}  // namespace husk::compare
