// Open-loop arrivals: when they come, and from when their latency counts, on a clock that moves only when a test says
// so; and the interval of a 99th percentile, with ranks from SciPy 1.10.1 (scipy.stats.binom).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "tools/compare/measure/arrivals.h"
#include "tools/compare/statistics/quantile_interval.h"

namespace husk::compare {
namespace {

TEST(PoissonMoments, ComeAtTheRateAndWithoutMemory) {
  std::mt19937_64 random(1);
  const std::vector<std::uint64_t> moments = poisson_moments(1000, 10'000'000'000, random);
  // 10,000 are expected, with a standard deviation of 100.
  EXPECT_NEAR(static_cast<double>(moments.size()), 10'000, 300);
  EXPECT_TRUE(std::ranges::is_sorted(moments));
  EXPECT_LT(moments.back(), 10'000'000'000U);
  // Exponential gaps: as wide as they are long, and 1 - 1/e of them are shorter than the mean.
  double sum = 0, squares = 0, shorter = 0;
  const auto gaps = static_cast<double>(moments.size() - 1);
  for (std::size_t i = 1; i < moments.size(); ++i) {
    const double gap = static_cast<double>(moments[i] - moments[i - 1]) / 1e6;
    sum += gap, squares += gap * gap, shorter += gap < 1 ? 1 : 0;
  }
  const double mean = sum / gaps;
  EXPECT_NEAR(std::sqrt(squares / gaps - mean * mean) / mean, 1, 0.05);
  EXPECT_NEAR(shorter / gaps, 0.632, 0.02);
}

// One server: runs are served one after another, each as long as it says. Starting one takes the comparison `spawn`.
class OneServer : public ArrivalTarget {
 public:
  std::vector<std::uint64_t> service;
  std::map<std::size_t, bool> fails;
  std::uint64_t spawn = 0;

  std::uint64_t now_ns() override { return now_; }
  bool start(std::size_t index) override {
    now_ += spawn;
    if (fails.contains(index) && fails[index]) return false;
    free_ = std::max(free_, now_) + service[index];
    ends_[free_] = index;
    return true;
  }
  std::optional<Ended> wait(std::uint64_t until) override {
    if (ends_.empty() || ends_.begin()->first > until) {
      now_ = std::max(now_, until);
      return std::nullopt;
    }
    const auto [end, index] = *ends_.begin();
    ends_.erase(ends_.begin());
    now_ = std::max(now_, end);
    return Ended{index, end, !fails.contains(index)};
  }

 private:
  std::uint64_t now_ = 0;
  std::uint64_t free_ = 0;
  std::map<std::uint64_t, std::size_t> ends_;
};

TEST(Arrivals, ThoseBehindASlowRunHaveWaited) {
  OneServer server;
  server.service = {100, 1, 1, 1};
  const Arrivals arrivals = run_arrivals(server, {0, 10, 20, 30}, 0, 1000);
  std::vector<std::uint64_t> latencies;
  for (const Arrival& arrival : arrivals.succeeded) latencies.push_back(arrival.latency_ns);
  // A closed loop would have measured 100, 1, 1, 1.
  EXPECT_EQ(latencies, (std::vector<std::uint64_t>{100, 91, 82, 73}));
}

TEST(Arrivals, TheComparisonsOwnDelayIsPartOfTheLatency) {
  OneServer server;
  server.service = {1, 1, 1};
  server.spawn = 50;
  const Arrivals arrivals = run_arrivals(server, {0, 10, 20}, 0, 1000);
  ASSERT_EQ(arrivals.succeeded.size(), 3U);
  EXPECT_EQ(arrivals.succeeded[2].lag_ns, 80U);
  EXPECT_EQ(arrivals.succeeded[2].latency_ns, 131U);
}

TEST(Arrivals, FailuresAreCountedAndNoSamples) {
  OneServer server;
  server.service = {1, 1, 1, 5000};
  server.fails = {{0, true}, {1, false}};  // one that cannot be started, one that ends badly, one that does not end
  const Arrivals arrivals = run_arrivals(server, {0, 10, 20, 30}, 0, 1000);
  EXPECT_EQ(arrivals.succeeded.size(), 1U);
  EXPECT_EQ(arrivals.failed, 3U);
}

TEST(Arrivals, AreTurnedAwayWhereTooManyRun) {
  OneServer server;
  server.service.assign(kMostRunning + 10, 1'000'000);
  std::vector<std::uint64_t> moments;
  for (std::size_t i = 0; i < server.service.size(); ++i) moments.push_back(i);
  const Arrivals arrivals = run_arrivals(server, moments, 0, 1'000'000'000);
  EXPECT_EQ(arrivals.turned_away, 10U);
  EXPECT_EQ(arrivals.succeeded.size(), kMostRunning);
  EXPECT_EQ(arrivals.failed, 0U);
}

TEST(QuantileRanks, AreSciPys) {
  EXPECT_EQ(quantile_ranks(367, 0.99), std::nullopt);
  EXPECT_EQ(quantile_ranks(368, 0.99), (Ranks{360, 368}));
  EXPECT_EQ(quantile_ranks(400, 0.99), (Ranks{392, 400}));
  EXPECT_EQ(quantile_ranks(1000, 0.99), (Ranks{983, 997}));
  EXPECT_EQ(quantile_ranks(1000, 0.5), (Ranks{469, 532}));
  EXPECT_EQ(quantile_ranks(200, 0.95), (Ranks{184, 197}));
  EXPECT_EQ(quantile_ranks(100, 0.99), std::nullopt);
  EXPECT_EQ(quantile_ranks(0, 0.99), std::nullopt);
}

// Independent for memory = 0; else an autoregressive process.
double p99_coverage(double memory, int trials) {
  constexpr double kTrue = 2.326348;  // of the normal distribution
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  double covered = 0;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> values(1500);
    double deviation = normal(random);
    for (double& value : values) {
      deviation = memory * deviation + std::sqrt(1 - memory * memory) * normal(random);
      value = deviation;
    }
    const std::optional<Interval> interval = quantile_interval(values, 0.99);
    if (!interval || (interval->low <= kTrue && kTrue <= interval->high)) covered += 1.0 / trials;
  }
  return covered;
}

TEST(QuantileInterval, ContainsTheTrueQuantileAsOftenAsItSays) {
  const double covered = p99_coverage(0, 400);
  EXPECT_GE(covered, 0.92);
  EXPECT_LE(covered, 0.985);
}

TEST(QuantileInterval, IsWiderWhereSlowOnesComeTogether) {
  EXPECT_GE(p99_coverage(0.7, 300), 0.9);
}

TEST(QuantileInterval, DesignEffectOfIndependentValuesIsAboutOne) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  std::vector<double> values(2000);
  for (double& value : values) value = normal(random);
  EXPECT_LT(design_effect(values, 0.5), 1.2);
  // Each value ten times: a tenth of them would do.
  std::vector<double> repeated;
  for (const double value : values) repeated.insert(repeated.end(), 10, value);
  EXPECT_NEAR(design_effect(repeated, 0.5), 10, 2);
}

}  // namespace
}  // namespace husk::compare
