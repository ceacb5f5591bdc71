// Did the machine stay the same while a figure was measured? Two tests of one series, whose values are in the order in
// which they were taken:
//
// - the trend over the rounds: Kendall's rank correlation of values and time (Mann 1945, "Nonparametric tests against
//   trend"), which asks for no shape of the trend;
// - the batches: Kruskal and Wallis (1952), whether the slices in which the values were taken differ by more than the
//   values within them do. It also sees what goes down and up again, which is no trend.
//
// Both are of ranks, so a few outliers do not move them, and both assume independent values. Runs that follow one another
// are not: so neighbours are put together into blocks, as long as the values depend on one another within a slice
// (block_length() of their deviations from the slice's median), and the tests are of the blocks' medians. A slice has at
// least kLeastBlocks blocks: dependence that reaches further is what the tests are to find. With fewer values than that
// takes nothing can be said.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace husk::compare {

inline constexpr std::size_t kLeastBlocks = 5;  // of a slice: chi-square holds for that (Kruskal and Wallis 1952)

struct Drift {
  std::vector<double> slice_medians;
  double batch_probability = 1;  // that slices which do not differ differ by so much
  double spread = 0;             // the largest slice median less the smallest, as a part of the median of all
  double trend_probability = 1;  // that a series without trend has so much of it
  double trend = 0;              // from the first to the last value, by Theil's slope, as a part of the median of all
};

// `slice_begins`: indices in `values` at which the slices begin, ascending, the first one 0. Nothing with fewer than two
// slices, or with one too short.
std::optional<Drift> find_drift(std::span<const double> values, std::span<const std::size_t> slice_begins);

// Kendall's tau-b of the values and their order is 0: with how much probability a series without trend has a larger one.
// Normal approximation, with the correction for ties (Kendall 1970, "Rank correlation methods").
double trend_probability(std::span<const double> values);

// Of the median of all slopes between two values (Theil 1950, Sen 1968): the change from the first value to the last.
double theil_change(std::span<const double> values);

// Kruskal-Wallis: the probability that groups of the same distribution differ by so much. With the correction for ties.
double batch_probability(std::span<const std::vector<double>> groups);

}  // namespace husk::compare
