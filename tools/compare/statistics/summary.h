// What the outputs say about a series of samples, and about the ratio of two.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/compare/result.h"
#include "tools/compare/statistics/interval.h"

namespace husk::compare {

struct Summary {
  std::size_t count = 0;
  double median = 0;
  double p5 = 0;
  double p95 = 0;
  double least = 0;
  double most = 0;
  std::optional<Interval> interval;  // of the median; absent with too few samples
};

// Nothing for a series that is null or empty.
std::optional<Summary> summarize(const Series* series, std::uint64_t seed);

// The ratio pair by pair: each sample of `numerator` divided by the one of `denominator` from the same round, since
// what disturbs the machine for longer than a round then disturbs both. The summary is of these quotients.
std::optional<Summary> summarize_ratio(const Series* numerator, const Series* denominator, std::uint64_t seed);

// The quotients themselves, in the order of the rounds.
Series paired_ratios(const Series& numerator, const Series& denominator);

}  // namespace husk::compare
