// What the outputs say about a series of samples, and about the ratio of two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/compare/result.h"
#include "tools/compare/statistics/interval.h"

namespace husk::compare {

// What "one more" was fitted to (slope.h).
struct Fit {
  std::size_t instances = 0;  // at most, at a time
  std::size_t ramps = 0;
  std::size_t steps = 0;
};

// Below so many samples the middle one is no more than the middle one of a few: the outputs mark it.
inline constexpr std::size_t kLeastForMedian = 5;

struct Summary {
  std::size_t count = 0;
  double median = 0;  // of a fitted metric: the slope of all ramps
  double p5 = 0;
  double p95 = 0;
  double least = 0;
  double most = 0;
  std::optional<Interval> interval;  // of the median; absent with too few samples
  std::optional<double> p99;         // absent below kLeastForP99 samples
  std::optional<Interval> p99_interval;
  std::optional<Fit> fit;

  bool has_few() const { return (fit ? fit->steps : count) < kLeastForMedian; }
};

// Nothing for a series that is null or empty.
std::optional<Summary> summarize(const Series* series, std::uint64_t seed);

// What is to be shown of a metric of a runner. The samples of additional_X_bytes are the slopes of single ramps; its
// figure and interval are those of the fit to all readings of total_X_bytes@n.
std::optional<Summary> summarize_metric(const RunnerResult& runner, const std::string& id, std::uint64_t seed);

// The ratio pair by pair: each sample of `numerator` divided by the one of `denominator` from the same round, since
// what disturbs the machine for longer than a round then disturbs both. The summary is of these quotients.
std::optional<Summary> summarize_ratio(const Series* numerator, const Series* denominator, std::uint64_t seed);

// The ratio of a metric of two runners as it is to be shown: pair by pair; of a fitted metric the quotient of the two
// figures, whose errors are those of different ramps and so independent: the parts that half their intervals are of them
// add up in quadrature (the law of propagation, JCGM 100:2008, 5.1.6).
std::optional<Summary> summarize_metric_ratio(const RunnerResult& numerator, const RunnerResult& denominator,
                                              const std::string& id, std::uint64_t seed);

// The quotients themselves, in the order of the rounds. None where a round has several samples: which would be a pair?
Series paired_ratios(const Series& numerator, const Series& denominator);

}  // namespace husk::compare
