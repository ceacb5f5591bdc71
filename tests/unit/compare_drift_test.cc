// Drift: what the tests find, and how often they find what is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "tools/compare/statistics/drift.h"
#include "tools/compare/statistics/multiplicity.h"

namespace husk::compare {
namespace {

constexpr std::size_t kSlices = 4;

// Values around 100 that scatter by a tenth and keep the part `memory` of the deviation of the one before; the expected
// value of each is multiplied by `mood` of its place in 0..1.
std::vector<double> sample(
    std::size_t n, double memory, std::mt19937_64& random,
    const std::function<double(double)>& mood = [](double) { return 1.0; }) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  double deviation = normal(random);
  for (std::size_t i = 0; i < n; ++i) {
    deviation = memory * deviation + std::sqrt(1 - memory * memory) * normal(random);
    values.push_back(100 * mood(static_cast<double>(i) / static_cast<double>(n)) * std::exp(0.1 * deviation));
  }
  return values;
}

std::vector<std::size_t> quarters(std::size_t n) {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < kSlices; ++i) begins.push_back(n * i / kSlices);
  return begins;
}

// In how many of `trials` comparisons of `runners` runners on a machine that does not change something is found at 5 %,
// adjusted as the comparison does it (drift_warnings.cc).
int false_alarms(int trials, std::size_t runners, std::size_t n, double memory) {
  std::mt19937_64 random(1);
  int alarms = 0;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> probabilities;
    for (std::size_t runner = 0; runner < runners; ++runner) {
      const std::optional<Drift> drift = find_drift(sample(n, memory, random), quarters(n));
      if (!drift) continue;
      probabilities.push_back(drift->batch_probability);
      probabilities.push_back(drift->trend_probability);
    }
    const std::vector<double> adjusted = holm(probabilities);
    alarms += std::ranges::any_of(adjusted, [](double p) { return p < 0.05; });
  }
  return alarms;
}

TEST(Drift, FalseAlarmsAreAsRareAsTheLevelSays) {
  // 5 % of 200 comparisons of 10 runners are 10; 20 is more than three standard deviations above.
  for (const std::size_t n : {24, 60, 240}) EXPECT_LE(false_alarms(200, 10, n, 0), 20) << n;
}

TEST(Drift, FalseAlarmsAreRareWhereNeighboursDependOnOneAnother) {
  EXPECT_LE(false_alarms(200, 10, 240, 0.5), 20);
  EXPECT_LE(false_alarms(100, 10, 400, 0.7), 10);
}

TEST(Drift, FindsTheQuartersThatHadNoWarning) {
  // The run that issue 11 quotes.
  constexpr std::array kQuarters = {3.35, 2.83, 2.73, 3.41};
  std::mt19937_64 random(2);
  for (int trial = 0; trial < 20; ++trial) {
    const auto values =
        sample(240, 0.3, random, [&](double place) { return kQuarters[static_cast<std::size_t>(place * 4)]; });
    const std::optional<Drift> drift = find_drift(values, quarters(240));
    ASSERT_TRUE(drift);
    EXPECT_LT(drift->batch_probability, 0.001);
    EXPECT_NEAR(drift->spread, 0.22, 0.06);
    EXPECT_EQ(drift->slice_medians.size(), kSlices);
  }
}

TEST(Drift, FindsASlowChange) {
  std::mt19937_64 random(3);
  int found = 0;
  double sum = 0;
  for (int trial = 0; trial < 20; ++trial) {
    const auto values = sample(240, 0.3, random, [](double place) { return 1 + 0.2 * place; });
    const std::optional<Drift> drift = find_drift(values, quarters(240));
    ASSERT_TRUE(drift);
    found += drift->trend_probability < 0.01;
    sum += drift->trend;
  }
  EXPECT_GE(found, 17);
  EXPECT_NEAR(sum / 20, 0.2 / 1.1, 0.03);  // of the median, which is in the middle
}

TEST(Drift, AnOutlierIsNone) {
  std::mt19937_64 random(4);
  std::vector<double> values = sample(80, 0, random);
  values[70] *= 50;
  const std::optional<Drift> drift = find_drift(values, quarters(80));
  ASSERT_TRUE(drift);
  EXPECT_LT(drift->spread, 0.2);
  EXPECT_GT(drift->batch_probability, 0.001);
}

TEST(Drift, OfTooFewValuesNothingIsSaid) {
  std::mt19937_64 random(5);
  EXPECT_FALSE(find_drift(sample(4 * kLeastBlocks - 1, 0, random), quarters(4 * kLeastBlocks - 1)));
  EXPECT_TRUE(find_drift(sample(4 * kLeastBlocks, 0, random), quarters(4 * kLeastBlocks)));
  EXPECT_FALSE(find_drift(sample(100, 0, random), std::vector<std::size_t>{0}));
}

TEST(Drift, ConstantsHaveNone) {
  const std::vector<double> values(40, 7.0);
  const std::optional<Drift> drift = find_drift(values, quarters(40));
  ASSERT_TRUE(drift);
  EXPECT_EQ(drift->batch_probability, 1);
  EXPECT_EQ(drift->trend_probability, 1);
  EXPECT_EQ(drift->spread, 0);
}

TEST(Multiplicity, HolmAndBenjaminiHochbergByHand) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(holm(p), testing::ElementsAre(testing::DoubleEq(0.03), testing::DoubleEq(0.06), testing::DoubleEq(0.06),
                                            testing::DoubleEq(0.02)));
  EXPECT_THAT(benjamini_hochberg(p), testing::ElementsAre(testing::DoubleEq(0.02), testing::DoubleEq(0.04),
                                                          testing::DoubleEq(0.04), testing::DoubleEq(0.02)));
  EXPECT_TRUE(holm({}).empty());
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

}  // namespace
}  // namespace husk::compare
