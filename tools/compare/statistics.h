// Order statistics of a sample. Never a mean: start-up times have a long tail that one interrupt can stretch.
#pragma once

#include <cstdint>
#include <span>

namespace husk::compare {

// The quantile `p` in [0, 1] of a sample that is not empty, interpolated between order statistics (Hyndman and Fan,
// "Sample Quantiles in Statistical Packages", 1996, definition 7: what R, NumPy and spreadsheets use).
double quantile(std::span<const std::uint64_t> sample, double p);

struct Summary {
  double median = 0;
  double p5 = 0;
  double p95 = 0;
};

// In the unit of the sample, which must not be empty.
Summary summarize(std::span<const std::uint64_t> sample);

}  // namespace husk::compare
