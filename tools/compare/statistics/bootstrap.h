// How well a sample knows its median: confidence intervals by the moving-block bootstrap.
//
// The bootstrap of Efron (1979) draws as many values from the sample as it has, with replacement, takes their median,
// and does that often: the spread of these medians is the interval. It assumes that the values are independent of one
// another. Start-up times of a real machine are not: a neighbour, a warm cache or the clock's speed lasts for many
// runs, and intervals that ignore it come out far too narrow. So whole blocks of neighbouring rounds are drawn (Kuensch
// 1989, "The jackknife and the bootstrap for general stationary observations"), as long as the sample itself shows its
// values to depend on one another (the block rule is in bootstrap.cc).
#pragma once

#include <cstdint>
#include <span>

namespace husk::compare {

// From `low` to `high`, at the level of kConfidence.
struct Interval {
  double low = 0;
  double high = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

inline constexpr double kConfidence = 0.95;

// Below this number of values no interval is given: the largest and the smallest of five independent values enclose
// their median with a probability of 1 - 2 * 0.5^5 = 94 %, and fewer cannot reach 95 % by any means.
inline constexpr std::size_t kLeastForInterval = 6;

// Of the median of `values`, which are in the order in which they were taken. The same seed gives the same interval.
// Throws std::invalid_argument below kLeastForInterval values.
Interval median_interval(std::span<const double> values, std::uint64_t seed);

// The number of neighbouring values that are drawn together.
std::size_t block_length(std::span<const double> values);

}  // namespace husk::compare
