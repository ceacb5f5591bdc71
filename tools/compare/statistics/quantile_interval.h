// How well a sample knows one of its upper quantiles: the 99th percentile of latencies, say.
//
// Between two order statistics, without an assumption about the distribution: of n independent values a binomial number
// lies below the true quantile (David and Nagaraja, "Order Statistics", 7.1). Latencies of starts that queue behind one
// another are not independent: slow ones come together. So the sample counts as smaller by its design effect,
// 1 + 2 * (the sum of the autocorrelations of "beyond the quantile").
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "tools/compare/statistics/interval.h"

namespace husk::compare {

// The least sample that has a value beyond its 99th percentile.
inline constexpr std::size_t kLeastForP99 = 100;

// Ranks (from 1) of the order statistics that enclose the quantile `p` of `count` independent values at kConfidence;
// nothing where there are too few values for the upper one.
struct Ranks {
  std::size_t low = 0;
  std::size_t high = 0;
  friend bool operator==(const Ranks&, const Ranks&) = default;
};
std::optional<Ranks> quantile_ranks(std::size_t count, double p);

// By how many times fewer independent values would know the quantile as well; at least 1.
double design_effect(std::span<const double> values, double p);

// `values` in the order in which they were taken.
std::optional<Interval> quantile_interval(std::span<const double> values, double p);

}  // namespace husk::compare
