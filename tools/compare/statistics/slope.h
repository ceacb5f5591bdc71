// What one instance more takes: the slope of totals over the number of instances.
//
// Instances are started one after the other, and now and then the total of all that run is read: a ramp. The slope is
// Theil's and Sen's (Theil 1950; Sen 1968, "Estimates of the regression coefficient based on Kendall's tau"): the
// median of the slopes between all pairs of readings of one ramp, pooled over the ramps. One reading that something
// else on the machine has moved, or one jump, moves a few of the pairs and not the median. Each ramp has a level of its
// own, so that what differs from ramp to ramp is not taken for a slope.
//
// Its interval is not the one that Sen gives, nor that of least squares: both take the errors of the readings for
// independent of one another, and totals are sums. An instance that took a page more has it in every later reading. So
// the steps from reading to reading are what is drawn anew (a bootstrap of increments): ramps are put together of
// steps drawn with replacement from all ramps, and the spread of their slopes is the standard error. That holds where
// instances differ. Where it is only the readings that err, neighbouring steps err in opposite directions, and the
// interval is wider than it need be, never narrower. Half of it is Student's t with as many degrees of freedom as there
// are steps but one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tools/compare/statistics/interval.h"

namespace husk::compare {

struct Reading {
  double count = 0;  // instances that ran; ascending in a ramp
  double total = 0;
};
using Ramp = std::vector<Reading>;

struct Slope {
  double per_instance = 0;
  std::size_t steps = 0;             // of all ramps
  std::optional<Interval> interval;  // absent below kLeastForInterval steps
};

// Nothing where no ramp has two readings. The same seed gives the same interval.
std::optional<Slope> fit_slope(std::span<const Ramp> ramps, std::uint64_t seed);

}  // namespace husk::compare
