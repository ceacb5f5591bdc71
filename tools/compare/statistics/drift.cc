#include "tools/compare/statistics/drift.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tools/compare/statistics/bootstrap.h"
#include "tools/compare/statistics/distributions.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare {
namespace {

std::vector<double> block_medians(std::span<const double> values, std::size_t length) {
  // As many blocks as there are whole ones; what is left over is spread over them.
  const std::size_t count = std::max<std::size_t>(1, values.size() / length);
  std::vector<double> medians;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = values.size() * i / count;
    medians.push_back(median(values.subspan(begin, values.size() * (i + 1) / count - begin)));
  }
  return medians;
}

std::vector<std::span<const double>> cut(std::span<const double> values, std::span<const std::size_t> begins) {
  std::vector<std::span<const double>> slices;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : values.size();
    slices.push_back(values.subspan(begins[i], end - begins[i]));
  }
  return slices;
}

// How many values there are of each that there is.
std::map<double, double> counts_of(std::span<const double> values) {
  std::map<double, double> counts;
  for (const double value : values) ++counts[value];
  return counts;
}

}  // namespace

double trend_probability(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0;  // pairs that rise, less pairs that fall
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t k = i + 1; k < values.size(); ++k) sum += (values[k] > values[i]) - (values[k] < values[i]);
  }
  double variance = n * (n - 1) * (2 * n + 5);
  for (const auto& [value, t] : counts_of(values)) variance -= t * (t - 1) * (2 * t + 5);
  variance /= 18;
  return variance > 0 ? normal_tails(sum / std::sqrt(variance)) : 1;
}

double theil_change(std::span<const double> values) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t k = i + 1; k < values.size(); ++k) {
      slopes.push_back((values[k] - values[i]) / static_cast<double>(k - i));
    }
  }
  return slopes.empty() ? 0 : median(slopes) * static_cast<double>(values.size() - 1);
}

double batch_probability(std::span<const std::vector<double>> groups) {
  std::vector<double> all;
  for (const std::vector<double>& group : groups) all.insert(all.end(), group.begin(), group.end());
  const auto n = static_cast<double>(all.size());
  const std::map<double, double> counts = counts_of(all);
  // Values that are equal share the mean of their ranks.
  std::map<double, double> ranks;
  double below = 0;
  double ties = 0;
  for (const auto& [value, count] : counts) {
    ranks[value] = below + (count + 1) / 2;
    below += count;
    ties += count * (count * count - 1);
  }
  double between = 0;
  for (const std::vector<double>& group : groups) {
    double sum = 0;
    for (const double value : group) sum += ranks[value];
    between += sum * sum / static_cast<double>(group.size());
  }
  const double correction = 1 - ties / (n * (n * n - 1));
  if (correction <= 0) return 1;  // all alike
  const double statistic = (12 / (n * (n + 1)) * between - 3 * (n + 1)) / correction;
  return chi_square_tail(statistic, static_cast<unsigned>(groups.size()) - 1);
}

std::optional<Drift> find_drift(std::span<const double> values, std::span<const std::size_t> slice_begins) {
  if (slice_begins.size() < 2) return std::nullopt;
  const std::vector<std::span<const double>> slices = cut(values, slice_begins);
  const std::size_t shortest = std::ranges::min(slices, {}, [](const auto& slice) { return slice.size(); }).size();
  if (shortest < kLeastBlocks) return std::nullopt;

  Drift drift;
  std::vector<double> deviations;
  for (const std::span<const double> slice : slices) {
    drift.slice_medians.push_back(median(slice));
    for (const double value : slice) deviations.push_back(value - drift.slice_medians.back());
  }
  const std::size_t length = std::min(block_length(deviations), shortest / kLeastBlocks);
  std::vector<std::vector<double>> groups;
  std::vector<double> all;
  for (const std::span<const double> slice : slices) {
    groups.push_back(block_medians(slice, length));
    all.insert(all.end(), groups.back().begin(), groups.back().end());
  }
  const double middle = median(values);
  const auto [least, most] = std::ranges::minmax(drift.slice_medians);
  drift.batch_probability = batch_probability(groups);
  drift.trend_probability = trend_probability(all);
  drift.spread = middle != 0 ? (most - least) / std::abs(middle) : 0;
  drift.trend = middle != 0 ? theil_change(all) / std::abs(middle) : 0;
  return drift;
}

}  // namespace husk::compare
