#include "tools/compare/statistics/slope.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "tools/compare/statistics/distributions.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare {
namespace {

constexpr unsigned kResamples = 2000;

std::vector<double> pair_slopes(std::span<const Ramp> ramps) {
  std::vector<double> slopes;
  for (const Ramp& ramp : ramps) {
    for (std::size_t i = 0; i < ramp.size(); ++i) {
      for (std::size_t j = i + 1; j < ramp.size(); ++j) {
        if (ramp[j].count > ramp[i].count) {
          slopes.push_back((ramp[j].total - ramp[i].total) / (ramp[j].count - ramp[i].count));
        }
      }
    }
  }
  return slopes;
}

// For one instance: a step may span several.
std::vector<double> steps_of(std::span<const Ramp> ramps) {
  std::vector<double> steps;
  for (const Ramp& ramp : ramps) {
    for (std::size_t i = 1; i < ramp.size(); ++i) {
      if (ramp[i].count > ramp[i - 1].count) {
        steps.push_back((ramp[i].total - ramp[i - 1].total) / (ramp[i].count - ramp[i - 1].count));
      }
    }
  }
  return steps;
}

double bootstrap_of_steps(std::span<const Ramp> ramps, const std::vector<double>& steps, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::size_t> any(0, steps.size() - 1);
  std::vector<Ramp> resampled(ramps.begin(), ramps.end());
  std::vector<double> slopes(kResamples);
  for (double& slope : slopes) {
    for (Ramp& ramp : resampled) {
      for (std::size_t i = 1; i < ramp.size(); ++i) {
        ramp[i].total = ramp[i - 1].total + steps[any(random)] * (ramp[i].count - ramp[i - 1].count);
      }
    }
    slope = median(pair_slopes(resampled));
  }
  // From quantiles, as in bootstrap.cc.
  constexpr double kTail = 0.025;
  constexpr double kNormal = 1.96;
  return (quantile(slopes, 1 - kTail) - quantile(slopes, kTail)) / (2 * kNormal);
}

}  // namespace

std::optional<Slope> fit_slope(std::span<const Ramp> ramps, std::uint64_t seed) {
  const std::vector<double> steps = steps_of(ramps);
  if (steps.empty()) return std::nullopt;
  Slope slope;
  slope.per_instance = median(pair_slopes(ramps));
  slope.steps = steps.size();
  if (steps.size() < kLeastForInterval) return slope;
  // A resample of k steps varies as if there were one less: the sample's variance is too small by (k - 1) / k.
  const auto k = static_cast<double>(steps.size());
  const double student = student_quantile(1 - kConfidence, static_cast<unsigned>(steps.size() - 1));
  const double half = student * bootstrap_of_steps(ramps, steps, seed) * std::sqrt(k / (k - 1));
  slope.interval = Interval{slope.per_instance - half, slope.per_instance + half};
  return slope;
}

}  // namespace husk::compare
