// The standard error of a median by the moving-block bootstrap.
//
// The bootstrap of Efron (1979) draws as many values from the sample as it has, with replacement, takes their median,
// and does that often: the spread of these medians is its error. It assumes that the values are independent of one
// another. Start-up times of a real machine are not: a neighbour, a warm cache or the clock's speed lasts for many
// runs, and errors that ignore it come out far too small. So whole blocks of neighbouring rounds are drawn (Kuensch
// 1989, "The jackknife and the bootstrap for general stationary observations"), as long as the sample itself shows its
// values to depend on one another (the block rule is in bootstrap.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace husk::compare {

// The standard error of the median of `values`, which are in the order in which they were taken, and not none. The same
// seed gives the same error.
double bootstrap_error(std::span<const double> values, std::uint64_t seed);

// The number of neighbouring values that are drawn together.
std::size_t block_length(std::span<const double> values);

}  // namespace husk::compare
