// How well a sample knows its median.
//
// The values were taken on a machine whose neighbours come and go, over seconds and over minutes. Two estimates of the
// median's standard error are made:
//
// - batches.h compares the parts in which a comparison took its samples: it sees what lasts for up to a part, with
//   nothing assumed about how it comes and goes.
// - bootstrap.h draws blocks of neighbouring values: it sees what lasts for a few rounds.
//
// A comparison has looked at the machine's mood only as often as it has parts, however many runs it made in each. So the
// interval is Student's t for that many looks, times the first. Four medians agree by chance now and then; so it is
// never narrower than the 90 % interval that the second one gives. By simulation (compare_statistics_test.cc) that
// contains the true median in 94 to 98 of a hundred samples, of independent runs, of runs that depend on one another, and
// on a machine that is in another mood in each part. Too wide is as wrong as too narrow: the larger of the two errors,
// times t, which it was before, held in more than 99.
#pragma once

#include <cstddef>
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

// Of the median of `values`, which are in the order in which they were taken; never beyond the least and the most of
// them. The same seed gives the same interval. Throws std::invalid_argument below kLeastForInterval values.
Interval median_interval(std::span<const double> values, std::uint64_t seed);

}  // namespace husk::compare
