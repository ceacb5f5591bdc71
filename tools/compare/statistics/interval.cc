#include "tools/compare/statistics/interval.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"
#include "tools/compare/statistics/distributions.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare {
namespace {

// Between order statistics of few independent values: the k-th least and the k-th largest enclose the median with a
// known (binomial) probability, and between two such pairs, one of which is above the level and one below, Hettmansperger
// and Sheather (1986), "Confidence intervals based on interpolated order statistics", interpolate.
Interval order_interval(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const std::size_t n = sorted.size();
  double term = std::pow(0.5, static_cast<double>(n));  // of exactly k - 1 values below the median
  double outer = 1 - 2 * term;
  for (std::size_t k = 1;; ++k) {
    term *= static_cast<double>(n - k + 1) / static_cast<double>(k);
    const double inner = outer - 2 * term;
    if (inner >= kConfidence) {
      outer = inner;
      continue;
    }
    const double part = (outer - kConfidence) / (outer - inner);
    const auto rank = static_cast<double>(k);
    const auto count = static_cast<double>(n);
    const double lambda = (count - rank) * part / (rank + (count - 2 * rank) * part);
    return {(1 - lambda) * sorted[k - 1] + lambda * sorted[k],
            (1 - lambda) * sorted[n - k] + lambda * sorted[n - k - 1]};
  }
}

}  // namespace

Interval median_interval(std::span<const double> values, std::uint64_t seed) {
  if (values.size() < kLeastForInterval) throw std::invalid_argument("too few values for an interval");
  if (values.size() < kLeastForBatches) return order_interval(values);
  const auto [least, most] = std::ranges::minmax(values);
  static const double kStudent = student_quantile(1 - kConfidence, kBatches - 1);
  constexpr double kNormal = 1.644854;  // of 90 %
  const double half = std::max(kStudent * batch_error(values), kNormal * bootstrap_error(values, seed));
  const double middle = median(values);
  return {std::max(least, middle - half), std::min(most, middle + half)};
}

}  // namespace husk::compare
