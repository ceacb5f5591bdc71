// Do two comparisons of the same thing differ?
//
// The medians of two series are compared as a quotient, on a logarithmic scale, since what changes a time changes it by a
// factor. Either median's standard error is estimated as for an interval (interval.h): from the batches in which it was
// measured, a look at the machine each, and from the runs' own scatter by the bootstrap. Welch's t (1947, the two errors
// need not be alike; degrees of freedom by Satterthwaite 1946, rounded down) judges the first, the normal distribution
// the second, and both must find a difference: the larger probability counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tools/compare/statistics/interval.h"

namespace husk::compare {

struct Difference {
  double quotient = 1;     // of the medians: b / a
  Interval interval;       // of the quotient, 95 %, of this pair alone
  double probability = 1;  // that medians which do not differ are so far apart
};

// Values in the order in which they were taken. Nothing with fewer than kLeastForBatches of either, or when one is not
// positive.
std::optional<Difference> find_difference(std::span<const double> a, std::span<const double> b, std::uint64_t seed);

}  // namespace husk::compare
