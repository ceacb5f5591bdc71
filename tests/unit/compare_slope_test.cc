// "One more": the slope of totals over the number of instances. Golden values are SciPy 1.10.1's
// (scipy.stats.theilslopes); how often an interval contains the truth is counted on ramps whose truth is known.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "tools/compare/statistics/distributions.h"
#include "tools/compare/statistics/slope.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

// One jump, as when another program's page is charged: least squares says 0.907 here (numpy.polyfit).
const Ramp kLong = {{1, 2.91},   {4, 5.40},  {8, 8.66},  {12, 12.02}, {16, 15.21},
                    {20, 18.55}, {24, 21.8}, {28, 31.9}, {32, 28.3}};
const Ramp kShort = {{1, 10.0}, {2, 10.9}, {3, 12.3}, {5, 13.7}, {8, 17.2}};

TEST(Slope, IsSciPys) {
  EXPECT_NEAR(fit_slope(std::vector<Ramp>{kLong}, 1)->per_instance, 0.8212771739130436, 1e-12);
  EXPECT_NEAR(fit_slope(std::vector<Ramp>{kShort}, 1)->per_instance, 1.004285714285714, 1e-12);
}

TEST(Slope, PoolsPairsWithinRampsOnly) {
  // The levels of the two differ by more than they rise: pairs across would be anything.
  const std::optional<Slope> slope = fit_slope(std::vector<Ramp>{kLong, kShort}, 1);
  EXPECT_NEAR(slope->per_instance, 0.823453947368421, 1e-12);
  EXPECT_EQ(slope->steps, 12U);
}

TEST(Slope, OfNothingOrOneReadingIsNothing) {
  EXPECT_FALSE(fit_slope({}, 1));
  EXPECT_FALSE(fit_slope(std::vector<Ramp>{{{1, 5}}}, 1));
}

TEST(Slope, HasNoIntervalOfFewSteps) {
  EXPECT_FALSE(fit_slope(std::vector<Ramp>{kShort}, 1)->interval);
  EXPECT_TRUE(fit_slope(std::vector<Ramp>{kLong}, 1)->interval);
}

TEST(Slope, OfAStraightLineIsExact) {
  const std::optional<Slope> slope =
      fit_slope(std::vector<Ramp>{{{1, 3}, {2, 5}, {3, 7}, {4, 9}, {5, 11}, {6, 13}, {7, 15}}}, 1);
  EXPECT_DOUBLE_EQ(slope->per_instance, 2);
  EXPECT_EQ(slope->interval, (Interval{2, 2}));
}

struct Trial {
  double covered = 0;  // part of the intervals that contain the truth
  double half = 0;     // their mean half length
};

// Ramps to 32 in steps of 4 of instances of 100 each, which differ by `instance` and whose readings err by `reading`
// (standard deviations).
Trial try_out(std::size_t ramp_count, double instance, double reading, int trials) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  Trial result;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<Ramp> ramps(ramp_count);
    for (Ramp& ramp : ramps) {
      double total = 1000 * normal(random);
      for (int count = 1; count <= 32; ++count) {
        total += 100 + instance * normal(random);
        if (count == 1 || count % 4 == 0)
          ramp.push_back({static_cast<double>(count), total + reading * normal(random)});
      }
    }
    const Interval interval = *fit_slope(ramps, static_cast<std::uint64_t>(trial))->interval;
    if (interval.low <= 100 && 100 <= interval.high) result.covered += 1.0 / trials;
    result.half += (interval.high - interval.low) / 2 / trials;
  }
  return result;
}

TEST(Slope, IntervalContainsTheTruthAsOftenAsItSaysWhereInstancesDiffer) {
  for (const std::size_t ramps : {1, 3}) {
    const Trial trial = try_out(ramps, 5, 0, 300);
    // Of 300 at 95 %, three standard deviations are 3.8 %. More often than 98.8 % would be an interval that says less
    // than it knows.
    EXPECT_GE(trial.covered, 0.912) << ramps;
    EXPECT_LE(trial.covered, 0.988) << ramps;
    // The best that can be done with one number: the sum's standard deviation over its length.
    EXPECT_LE(trial.half, 1.6 * student_quantile(0.05, static_cast<unsigned>(ramps * 8 - 1)) * 5 /
                              std::sqrt(31.0 * static_cast<double>(ramps)))
        << ramps;
  }
}

TEST(Slope, IntervalIsNotTooNarrowWhereOnlyTheReadingsErr) {
  for (const std::size_t ramps : {1, 3}) EXPECT_GE(try_out(ramps, 0, 20, 200).covered, 0.93) << ramps;
}

TEST(Summary, OfOneMoreIsTheFitToAllReadings) {
  RunnerResult runner;
  for (const Reading& reading : kLong) {
    const std::string id = "total_pss_bytes@" + std::to_string(static_cast<int>(reading.count));
    runner.series[id] = {{0, reading.total}, {1, reading.total + 50}};
  }
  runner.series["additional_pss_bytes"] = {{0, 1}, {1, 2}};
  const std::optional<Summary> summary = summarize_metric(runner, "additional_pss_bytes", 1);
  EXPECT_NEAR(summary->median, 0.8212771739130436, 1e-12);
  EXPECT_EQ(summary->count, 2U);
  ASSERT_TRUE(summary->fit);
  EXPECT_EQ(summary->fit->instances, 32U);
  EXPECT_EQ(summary->fit->ramps, 2U);
  EXPECT_EQ(summary->fit->steps, 16U);
  EXPECT_TRUE(summary->interval);
  EXPECT_FALSE(summary->has_few());
  // The ratio to another is that of the two figures, with both errors.
  RunnerResult other = runner;
  for (auto& [id, series] : other.series) {
    for (Sample& sample : series) sample.value *= 4;
  }
  const std::optional<Summary> ratio = summarize_metric_ratio(other, runner, "additional_pss_bytes", 1);
  EXPECT_NEAR(ratio->median, 4, 1e-9);
  const double half = (summary->interval->high - summary->interval->low) / 2 / summary->median;
  ASSERT_TRUE(ratio->interval);
  EXPECT_NEAR(ratio->interval->high, 4 * (1 + std::sqrt(2.0) * half), 1e-9);
  EXPECT_FALSE(ratio->has_few());
  // Any other metric is summarized as it is.
  EXPECT_FALSE(summarize_metric(runner, "total_pss_bytes@4", 1)->fit);
  EXPECT_TRUE(summarize_metric(runner, "total_pss_bytes@4", 1)->has_few());
}

}  // namespace
}  // namespace husk::compare
