// Order statistics against values worked out by hand (Hyndman and Fan, definition 7); bootstrap intervals against
// samples whose true median is known.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"
#include "tools/compare/statistics/interval.h"
#include "tools/compare/statistics/quantile.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

TEST(Quantile, OfOneValueIsThatValue) {
  const std::vector<double> sample = {42};
  for (const double p : {0.0, 0.05, 0.5, 0.95, 1.0}) EXPECT_DOUBLE_EQ(quantile(sample, p), 42);
}

TEST(Quantile, DoesNotDependOnTheOrder) {
  const std::vector<double> sample = {30, 10, 40, 20};
  EXPECT_DOUBLE_EQ(quantile(sample, 0), 10);
  EXPECT_DOUBLE_EQ(quantile(sample, 0.5), 25);
  EXPECT_DOUBLE_EQ(quantile(sample, 1), 40);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  // Position p * (n - 1) = 0.05 * 20 = 1 exactly, and 0.95 * 20 = 19.
  std::vector<double> twenty_one;
  for (int value = 0; value <= 20; ++value) twenty_one.push_back(value * 100);
  EXPECT_DOUBLE_EQ(quantile(twenty_one, 0.05), 100);
  EXPECT_DOUBLE_EQ(median(twenty_one), 1000);
  EXPECT_DOUBLE_EQ(quantile(twenty_one, 0.95), 1900);
  // 0.05 * 2 = 0.1 between 0 and 10.
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{0, 10, 20}, 0.05), 1);
}

TEST(Quantile, AnOutlierMovesTheUpperTailOnly) {
  std::vector<double> sample(100, 7);
  sample.push_back(1'000'000);
  EXPECT_DOUBLE_EQ(median(sample), 7);
  EXPECT_DOUBLE_EQ(quantile(sample, 0.95), 7);
  EXPECT_DOUBLE_EQ(quantile(sample, 1), 1'000'000);
}

TEST(Quantile, OfNothingIsAnError) {
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
}

// `n` values around 100 that depend on one another: each keeps the part `memory` of the deviation of the one before
// (an autoregressive process of order 1), with a long upper tail.
std::vector<double> sample_of(std::size_t n, double memory, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  double deviation = normal(random);
  for (std::size_t i = 0; i < n; ++i) {
    deviation = memory * deviation + std::sqrt(1 - memory * memory) * normal(random);
    values.push_back(100 * std::exp(0.1 * deviation));
  }
  return values;
}

// How many of `trials` intervals contain the true median.
int covered(std::size_t n, double memory, int trials) {
  std::mt19937_64 random(1);
  int count = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Interval interval = median_interval(sample_of(n, memory, random), static_cast<std::uint64_t>(trial));
    if (interval.low <= 100 && 100 <= interval.high) ++count;
  }
  return count;
}

TEST(Interval, ContainsTheTrueMedianAsOftenAsItSays) {
  // Of 200 at 95 %, 190 are expected at least; 180 is more than three standard deviations away.
  EXPECT_GE(covered(60, 0, 200), 180);
  for (const std::size_t few : {6, 7, 8, 10}) EXPECT_GE(covered(few, 0, 200), 180) << few;
}

TEST(Interval, OfDependentValuesIsWiderInTurn) {
  // A bootstrap that takes the values for independent ones gets about 140 here.
  EXPECT_GE(covered(200, 0.6, 200), 180);
  std::mt19937_64 random(2);
  EXPECT_GT(block_length(sample_of(400, 0.9, random)), block_length(sample_of(400, 0, random)));
}

// Values around 100 on a machine that is in another mood in each quarter of the comparison.
std::vector<double> moody_sample(std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (int quarter = 0; quarter < 4; ++quarter) {
    const double mood = 0.04 * normal(random);
    for (int i = 0; i < 50; ++i) values.push_back(100 * std::exp(mood + 0.1 * normal(random)));
  }
  return values;
}

TEST(Interval, KnowsOfWhatLastsForAQuarterOfTheComparison) {
  std::mt19937_64 random(4);
  int held = 0;
  int held_by_bootstrap = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const std::vector<double> values = moody_sample(random);
    const Interval interval = median_interval(values, trial);
    held += interval.low <= 100 && 100 <= interval.high;
    held_by_bootstrap += std::abs(median(values) - 100) <= 1.96 * bootstrap_error(values, trial);
  }
  EXPECT_GE(held, 180);
  EXPECT_LT(held_by_bootstrap, 180);
}

TEST(Batches, GiveTheStandardErrorOfTheirMedians) {
  // Medians 1, 2, 3, 4: deviation 1.29099, over sqrt(4).
  const std::vector<double> values = {1, 1, 2, 2, 3, 3, 4, 4};
  EXPECT_NEAR(batch_error(values), 0.645497, 1e-6);
  EXPECT_THROW(batch_error(std::span(values).first(7)), std::invalid_argument);
}

TEST(Bootstrap, GivesTheStandardErrorOfAMedian) {
  // sqrt(pi / 2) * deviation / sqrt(n) for normal values.
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(50, 2);
  double sum = 0;
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    std::vector<double> values;
    for (int i = 0; i < 400; ++i) values.push_back(normal(random));
    sum += bootstrap_error(values, trial);
  }
  EXPECT_NEAR(sum / 50, 1.2533 * 2 / 20, 0.02);
}

TEST(Interval, IsNeverBeyondTheValues) {
  const std::vector<double> values = {0, 0, 0, 0, 5, 5, 9, 9};
  const Interval interval = median_interval(values, 1);
  EXPECT_EQ(interval.low, 0);
  EXPECT_LE(interval.high, 9);
}

TEST(Interval, OfFewValuesIsAllOfThem) {
  const std::vector<double> values = {7, 3, 5, 4, 9, 6};
  EXPECT_EQ(median_interval(values, 1), (Interval{3, 9}));
}

TEST(Interval, IsTheSameForTheSameSeed) {
  std::mt19937_64 random(3);
  const std::vector<double> values = sample_of(40, 0.3, random);
  EXPECT_EQ(median_interval(values, 7), median_interval(values, 7));
  EXPECT_EQ(bootstrap_error(values, 7), bootstrap_error(values, 7));
  EXPECT_NE(bootstrap_error(values, 7), bootstrap_error(values, 8));
}

TEST(Interval, IsNotGivenForTooFewValues) {
  const std::vector<double> five = {1, 2, 3, 4, 5};
  EXPECT_THROW(median_interval(five, 1), std::invalid_argument);
  const Series series = {{0, 1}, {1, 2}, {2, 3}};
  ASSERT_TRUE(summarize(&series, 1));
  EXPECT_FALSE(summarize(&series, 1)->interval);
}

TEST(Ratio, IsTakenPairByPair) {
  // The machine is twice as slow in round 1: the ratio does not show it.
  const Series numerator = {{0, 30}, {1, 60}, {3, 33}};
  const Series denominator = {{0, 10}, {1, 20}, {2, 999}, {3, 10}};
  const Series ratios = paired_ratios(numerator, denominator);
  ASSERT_EQ(ratios.size(), 3U);
  EXPECT_EQ(ratios[2].round, 3U);
  EXPECT_DOUBLE_EQ(ratios[0].value, 3);
  EXPECT_DOUBLE_EQ(ratios[1].value, 3);
  EXPECT_DOUBLE_EQ(ratios[2].value, 3.3);
  EXPECT_DOUBLE_EQ(summarize_ratio(&numerator, &denominator, 1)->median, 3);
}

TEST(Ratio, OfNothingIsNothing) {
  const Series some = {{0, 1}};
  const Series others = {{1, 1}};
  EXPECT_FALSE(summarize_ratio(nullptr, &some, 1));
  EXPECT_FALSE(summarize_ratio(&some, &others, 1));
  const Series zero = {{0, 0}};
  EXPECT_FALSE(summarize_ratio(&some, &zero, 1));
}

}  // namespace
}  // namespace husk::compare
