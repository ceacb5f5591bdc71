#include "tools/compare/statistics.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace husk::compare {
namespace {

double sorted_quantile(const std::vector<std::uint64_t>& sorted, double p) {
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = position - static_cast<double>(below);
  const double low = static_cast<double>(sorted[below]);
  return low + fraction * (static_cast<double>(sorted[above]) - low);
}

std::vector<std::uint64_t> sorted_copy(std::span<const std::uint64_t> sample) {
  if (sample.empty()) throw std::invalid_argument("a quantile of nothing");
  std::vector<std::uint64_t> sorted(sample.begin(), sample.end());
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace

double quantile(std::span<const std::uint64_t> sample, double p) {
  return sorted_quantile(sorted_copy(sample), p);
}

Summary summarize(std::span<const std::uint64_t> sample) {
  const std::vector<std::uint64_t> sorted = sorted_copy(sample);
  return {sorted_quantile(sorted, 0.5), sorted_quantile(sorted, 0.05), sorted_quantile(sorted, 0.95)};
}

}  // namespace husk::compare
