// How well a sample knows its median.
//
// The values were taken on a machine whose neighbours come and go, over seconds and over minutes. Its standard error is
// therefore estimated in two ways, and the larger one counts:
//
// - bootstrap.h draws blocks of neighbouring values: it sees what lasts for a few rounds.
// - batches.h compares the parts in which a comparison took its samples: it sees what lasts for as long as a part.
//
// A comparison has looked at the machine's mood only as often as it has parts, however many runs it made in each, so
// the interval is Student's t for that many looks, not the normal distribution's 1.96. Bootstrap percentiles alone were
// too narrow in repeated comparisons (docs/methodology.md, "Do the intervals hold?").
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
