#include "tools/compare/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tools/compare/statistics/quantile.h"

namespace husk::compare {
namespace {

constexpr unsigned kResamples = 2000;

// Ranks in place of values: one outlier of a factor of ten must not hide how the others depend on one another.
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t index) { return values[index]; });
  std::vector<double> ranks(values.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = static_cast<double>(rank);
  return ranks;
}

// The correlation of each value with the next but `lag` - 1.
double autocorrelation(std::span<const double> values, std::size_t lag) {
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  double variance = 0;
  double covariance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    variance += (values[i] - mean) * (values[i] - mean);
    if (i + lag < values.size()) covariance += (values[i] - mean) * (values[i + lag] - mean);
  }
  return variance > 0 ? covariance / variance : 0;
}

}  // namespace

std::size_t block_length(std::span<const double> values) {
  // At least the cube root of n, the rate at which the best length grows (Hall, Horowitz and Jing 1995, "On blocking
  // rules for the bootstrap with dependent data"); more where the correlation reaches further: up to the first lag at
  // which it cannot be told from none (two standard errors of white noise), twice that; but never less than four
  // blocks.
  const std::size_t n = values.size();
  const std::size_t longest = std::max<std::size_t>(1, n / 4);
  const double noise = 2 / std::sqrt(static_cast<double>(n));
  const std::vector<double> ranks = ranks_of(values);
  std::size_t reach = 1;
  while (reach < longest && autocorrelation(ranks, reach) > noise) ++reach;
  const auto least = static_cast<std::size_t>(std::ceil(std::cbrt(static_cast<double>(n))));
  return std::min(longest, std::max(least, reach > 1 ? 2 * reach : 1));
}

double bootstrap_error(std::span<const double> values, std::uint64_t seed) {
  const std::size_t n = values.size();
  const std::size_t length = block_length(values);
  std::mt19937_64 random(seed);
  // Circular blocks (Politis and Romano 1992), so that the first and the last values are drawn as often as the others.
  std::uniform_int_distribution<std::size_t> begin(0, n - 1);
  std::vector<double> resample(n);
  std::vector<double> medians(kResamples);
  for (double& one : medians) {
    for (std::size_t filled = 0; filled < n;) {
      const std::size_t start = begin(random);
      for (std::size_t i = 0; i < length && filled < n; ++i) resample[filled++] = values[(start + i) % n];
    }
    one = median(resample);
  }
  // From quantiles, since a few resamples far out would make a standard deviation of them all.
  constexpr double kTail = 0.025;
  constexpr double kNormal = 1.96;
  return (quantile(medians, 1 - kTail) - quantile(medians, kTail)) / (2 * kNormal);
}

}  // namespace husk::compare
