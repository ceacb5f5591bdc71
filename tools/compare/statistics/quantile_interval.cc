#include "tools/compare/statistics/quantile_interval.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/compare/statistics/quantile.h"

namespace husk::compare {
namespace {

constexpr double kBeyond = (1 - kConfidence) / 2;

// The probability of exactly `k` of `n`.
double binomial(std::size_t n, std::size_t k, double p) {
  const auto count = static_cast<double>(n);
  const auto hits = static_cast<double>(k);
  const double ways = std::lgamma(count + 1) - std::lgamma(hits + 1) - std::lgamma(count - hits + 1);
  return std::exp(ways + hits * std::log(p) + (count - hits) * std::log1p(-p));
}

}  // namespace

std::optional<Ranks> quantile_ranks(std::size_t count, double p) {
  Ranks ranks;
  // The value of rank r is above the quantile when fewer than r values are below it, and below it when at least r are.
  double at_most = 0;
  for (std::size_t below = 0; below <= count; ++below) {
    at_most += binomial(count, below, p);
    if (at_most <= kBeyond) ranks.low = below + 1;
    if (1 - at_most <= kBeyond) {
      ranks.high = below + 1;
      break;
    }
  }
  ranks.low = std::max<std::size_t>(ranks.low, 1);
  if (ranks.high == 0 || ranks.high > count) return std::nullopt;
  return ranks;
}

double design_effect(std::span<const double> values, double p) {
  const std::size_t n = values.size();
  if (n < 2) return 1;
  const double limit = quantile(values, p);
  std::vector<double> beyond(n);
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += (beyond[i] = values[i] > limit ? 1 : 0) / static_cast<double>(n);
  double variance = 0;
  for (const double one : beyond) variance += (one - mean) * (one - mean);
  if (variance == 0) return 1;
  const double noise = 2 / std::sqrt(static_cast<double>(n));
  double effect = 1;
  for (std::size_t lag = 1; lag < n / 4; ++lag) {
    double covariance = 0;
    for (std::size_t i = 0; i + lag < n; ++i) covariance += (beyond[i] - mean) * (beyond[i + lag] - mean);
    if (covariance / variance <= noise) break;
    effect += 2 * covariance / variance;
  }
  return effect;
}

std::optional<Interval> quantile_interval(std::span<const double> values, double p) {
  const double effect = design_effect(values, p);
  const auto effective = static_cast<std::size_t>(static_cast<double>(values.size()) / effect);
  const std::optional<Ranks> ranks = quantile_ranks(effective, p);
  if (!ranks) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const auto at = [&](double rank) {
    return sorted[std::min(sorted.size(), std::max<std::size_t>(1, static_cast<std::size_t>(rank))) - 1];
  };
  return Interval{at(std::floor(static_cast<double>(ranks->low) * effect)),
                  at(std::ceil(static_cast<double>(ranks->high) * effect))};
}

}  // namespace husk::compare
