// One measured value, and a row of them.
#pragma once

#include <cstdint>
#include <vector>

namespace husk::compare {

// Samples of two runners with the same round were taken shortly after one another: they make a pair.
struct Sample {
  std::uint32_t round = 0;
  double value = 0;  // in the metric's unit (metrics.h)
  double at_s = 0;   // when it was known, in seconds from the comparison's beginning; 0 where that was not recorded
  friend bool operator==(const Sample&, const Sample&) = default;
};
using Series = std::vector<Sample>;  // in the order in which they were taken

std::vector<double> values_of(const Series& series);

}  // namespace husk::compare
