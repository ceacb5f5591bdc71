// Order statistics of a sample. Never a mean: start-up times have a long tail that one interrupt can stretch.
#pragma once

#include <span>

namespace husk::compare {

// The quantile `p` in [0, 1] of a sample that is not empty, interpolated between order statistics (Hyndman and Fan,
// "Sample Quantiles in Statistical Packages", 1996, definition 7: what R, NumPy and spreadsheets use).
double quantile(std::span<const double> sample, double p);
double median(std::span<const double> sample);

}  // namespace husk::compare
