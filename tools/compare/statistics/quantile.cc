#include "tools/compare/statistics/quantile.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace husk::compare {

double quantile(std::span<const double> sample, double p) {
  if (sample.empty()) throw std::invalid_argument("a quantile of nothing");
  std::vector<double> values(sample.begin(), sample.end());
  const double position = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(std::floor(position));
  const auto at = values.begin() + below;
  std::ranges::nth_element(values, at);
  const double fraction = position - static_cast<double>(below);
  if (fraction == 0) return *at;
  const double above = *std::min_element(at + 1, values.end());
  return *at + fraction * (above - *at);
}

double median(std::span<const double> sample) {
  return quantile(sample, 0.5);
}

}  // namespace husk::compare
