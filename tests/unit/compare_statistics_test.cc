// Order statistics: against values worked out by hand from the definition (Hyndman and Fan, definition 7).
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "tools/compare/statistics.h"

namespace husk::compare {
namespace {

TEST(Quantile, OfOneValueIsThatValue) {
  const std::vector<std::uint64_t> sample = {42};
  for (const double p : {0.0, 0.05, 0.5, 0.95, 1.0}) EXPECT_DOUBLE_EQ(quantile(sample, p), 42);
}

TEST(Quantile, DoesNotDependOnTheOrder) {
  const std::vector<std::uint64_t> sample = {30, 10, 40, 20};
  EXPECT_DOUBLE_EQ(quantile(sample, 0), 10);
  EXPECT_DOUBLE_EQ(quantile(sample, 0.5), 25);
  EXPECT_DOUBLE_EQ(quantile(sample, 1), 40);
  EXPECT_EQ(sample.front(), 30U);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  // Position p * (n - 1) = 0.05 * 20 = 1 exactly, and 0.95 * 20 = 19.
  std::vector<std::uint64_t> twenty_one;
  for (std::uint64_t value = 0; value <= 20; ++value) twenty_one.push_back(value * 100);
  const Summary summary = summarize(twenty_one);
  EXPECT_DOUBLE_EQ(summary.p5, 100);
  EXPECT_DOUBLE_EQ(summary.median, 1000);
  EXPECT_DOUBLE_EQ(summary.p95, 1900);
  // 0.05 * 2 = 0.1 between 0 and 10.
  const std::vector<std::uint64_t> three = {0, 10, 20};
  EXPECT_DOUBLE_EQ(quantile(three, 0.05), 1);
}

TEST(Quantile, AnOutlierMovesTheUpperTailOnly) {
  std::vector<std::uint64_t> sample(100, 7);
  sample.push_back(1'000'000);
  const Summary summary = summarize(sample);
  EXPECT_DOUBLE_EQ(summary.median, 7);
  EXPECT_DOUBLE_EQ(summary.p95, 7);
  EXPECT_DOUBLE_EQ(quantile(sample, 1), 1'000'000);
}

TEST(Quantile, OfNothingIsAnError) {
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace husk::compare
