// Every statistic against SciPy (golden.py). Broken instruments that this finds, tried by hand: a quantile of definition 6
// (n + 1 in place of n - 1), Student's series with one term too few, Kendall's variance without ties, batches of three.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "tests/calibration/golden_values.h"
#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"
#include "tools/compare/statistics/difference.h"
#include "tools/compare/statistics/distributions.h"
#include "tools/compare/statistics/drift.h"
#include "tools/compare/statistics/interval.h"
#include "tools/compare/statistics/multiplicity.h"
#include "tools/compare/statistics/quantile.h"
#include "tools/compare/statistics/quantile_interval.h"
#include "tools/compare/statistics/slope.h"

namespace husk::compare {
namespace {

void expect_near(double actual, double expected) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::max(1e-9, std::abs(expected)));
}

TEST(Golden, Quantiles) {
  for (std::size_t i = 0; i < std::size(golden::kQuantiles); ++i) {
    expect_near(quantile(golden::kSample, golden::kQuantileAt[i]), golden::kQuantiles[i]);
  }
}

TEST(Golden, Distributions) {
  for (std::size_t i = 0; i < std::size(golden::kNormalScores); ++i) {
    expect_near(normal_tails(golden::kNormalScores[i]), golden::kNormalTails[i]);
    expect_near(normal_tails(-golden::kNormalScores[i]), golden::kNormalTails[i]);
  }
  for (std::size_t i = 0; i < std::size(golden::kStudentScores); ++i) {
    const auto degrees = static_cast<unsigned>(golden::kStudentDegrees[i]);
    expect_near(student_tails(golden::kStudentScores[i], degrees), golden::kStudentTails[i]);
  }
  for (std::size_t i = 0; i < std::size(golden::kStudentQuantiles); ++i) {
    expect_near(student_quantile(0.05, static_cast<unsigned>(i + 1)), golden::kStudentQuantiles[i]);
  }
  for (std::size_t i = 0; i < std::size(golden::kChiSquares); ++i) {
    const auto degrees = static_cast<unsigned>(golden::kChiSquareDegrees[i]);
    expect_near(chi_square_tail(golden::kChiSquares[i], degrees), golden::kChiSquareTails[i]);
  }
}

TEST(Golden, Trends) {
  expect_near(trend_probability(golden::kDependent), golden::kDependentTrendProbability);
  expect_near(theil_change(golden::kDependent), golden::kDependentTheilChange);
  expect_near(trend_probability(golden::kTied), golden::kTiedTrendProbability);
  expect_near(theil_change(golden::kTied), golden::kTiedTheilChange);
}

template <std::size_t N>
Ramp ramp_of(const double (&counts)[N], const double (&totals)[N]) {
  Ramp ramp;
  for (std::size_t i = 0; i < N; ++i) ramp.push_back({counts[i], totals[i]});
  return ramp;
}

TEST(Golden, Slopes) {
  const std::vector<Ramp> ramps = {ramp_of(golden::kRamp0Count, golden::kRamp0Total),
                                   ramp_of(golden::kRamp1Count, golden::kRamp1Total)};
  expect_near(fit_slope(std::span(ramps).first(1), 1)->per_instance, golden::kRamp0Slope);
  expect_near(fit_slope(std::span(ramps).last(1), 1)->per_instance, golden::kRamp1Slope);
  expect_near(fit_slope(ramps, 1)->per_instance, golden::kRampsSlope);
}

TEST(Golden, QuantileRanks) {
  for (std::size_t i = 0; i < std::size(golden::kRankCount); ++i) {
    const auto ranks = quantile_ranks(static_cast<std::size_t>(golden::kRankCount[i]), golden::kRankAt[i]);
    ASSERT_TRUE(ranks);
    expect_near(static_cast<double>(ranks->low), golden::kRankLow[i]);
    expect_near(static_cast<double>(ranks->high), golden::kRankHigh[i]);
  }
}

TEST(Golden, Batches) {
  const auto group = [](std::span<const double> values) { return std::vector<double>(values.begin(), values.end()); };
  const std::vector<std::vector<double>> groups = {group(golden::kGroup0), group(golden::kGroup1),
                                                   group(golden::kGroup2), group(golden::kGroup3)};
  expect_near(batch_probability(groups), golden::kBatchProbability);
  expect_near(batch_error(golden::kSample), golden::kSampleBatchError);
  expect_near(batch_error(golden::kDependent), golden::kDependentBatchError);
}

TEST(Golden, Bootstrap) {
  EXPECT_EQ(block_length(golden::kSample), golden::kSampleBlockLength);
  EXPECT_EQ(block_length(golden::kDependent), golden::kDependentBlockLength);
  // 2,000 resamples know the error to within a few percent.
  EXPECT_NEAR(bootstrap_error(golden::kSample, 1), golden::kSampleBootstrapError, 0.07 * golden::kSampleBootstrapError);
  EXPECT_NEAR(bootstrap_error(golden::kDependent, 1), golden::kDependentBootstrapError,
              0.07 * golden::kDependentBootstrapError);
}

TEST(Golden, Intervals) {
  expect_near(median_interval(golden::kSix, 1).low, golden::kSixInterval[0]);
  expect_near(median_interval(golden::kSix, 1).high, golden::kSixInterval[1]);
  expect_near(median_interval(golden::kSeven, 1).low, golden::kSevenInterval[0]);
  expect_near(median_interval(golden::kSeven, 1).high, golden::kSevenInterval[1]);
  const double middle = median(golden::kDependent);
  expect_near(median_interval(golden::kDependent, 1).low, middle - golden::kStudentHalf);
  expect_near(median_interval(golden::kDependent, 1).high, middle + golden::kStudentHalf);
}

TEST(Golden, Differences) {
  const std::optional<Difference> found = find_difference(golden::kSample, golden::kOther, 1);
  ASSERT_TRUE(found);
  expect_near(found->quotient, golden::kQuotient);
  // The batches' test has the larger probability here and the wider interval; else these are the bootstrap's.
  EXPECT_GE(found->probability, golden::kQuotientProbability * (1 - 1e-9));
  EXPECT_LE(found->interval.low, golden::kQuotientLow * (1 + 1e-9));
  EXPECT_GE(found->interval.high, golden::kQuotientHigh * (1 - 1e-9));
}

TEST(Golden, Multiplicity) {
  const std::vector<double> by_holm = holm(golden::kProbabilities);
  const std::vector<double> by_rate = benjamini_hochberg(golden::kProbabilities);
  for (std::size_t i = 0; i < std::size(golden::kProbabilities); ++i) {
    expect_near(by_holm[i], golden::kHolm[i]);
    expect_near(by_rate[i], golden::kBenjaminiHochberg[i]);
  }
}

}  // namespace
}  // namespace husk::compare
