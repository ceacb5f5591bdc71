// Memory and many at a time in the outputs: every figure with its number of samples, few samples marked, failures shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/unit/compare_example.h"
#include "tools/compare/output/json.h"
#include "tools/compare/output/table.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr double kMiB = 1 << 20;

// From a table's title to the next empty line.
std::string part_of(const std::string& table, const std::string& title) {
  const std::size_t begin = table.find("\n" + title);
  return begin == std::string::npos ? "" : table.substr(begin, table.find("\n\n", begin + 1) - begin) + "\n";
}

ComparisonResult with_ramp(std::uint32_t ramps) {
  ComparisonResult result = example();
  RunnerResult& vm = result.runners[1];
  for (const unsigned n : {1U, 4U, 8U, 12U, 16U, 20U, 24U, 28U, 32U}) {
    for (std::uint32_t round = 0; round < ramps; ++round) {
      vm.series["total_pss_bytes@" + std::to_string(n)].push_back({round, (2 + 0.5 * n) * kMiB});
      vm.series["total_group_bytes@" + std::to_string(n)].push_back({round, (2 + 1.5 * n) * kMiB});
    }
  }
  for (std::uint32_t round = 0; round < ramps; ++round) {
    vm.series["additional_pss_bytes"].push_back({round, 0.5 * kMiB});
    vm.series["additional_group_bytes"].push_back({round, 1.5 * kMiB});
  }
  return result;
}

TEST(MemoryTable, PssAndKernelMemoryAreOneColumn) {
  ComparisonResult result = example();
  RunnerResult& vm = result.runners[1];
  vm.series["idle_pss_bytes"] = series({3 * kMiB, 3 * kMiB, 3 * kMiB, 3 * kMiB, 3 * kMiB, 3 * kMiB});
  vm.series["idle_total_bytes"] = series({4 * kMiB, 4 * kMiB, 4 * kMiB, 4 * kMiB, 4 * kMiB, 4 * kMiB});
  const std::string part = part_of(format_table(result, kBaseline, {}), "Memory of one idle instance");
  EXPECT_THAT(part, ContainsRegex("\nvm +4\\.00 +\\[4\\.00, 4\\.00\\] +3\\.00 .* 6\n"));
  EXPECT_THAT(part, Not(HasSubstr("fewer than")));
}

TEST(MemoryTable, AFigureOfFewSamplesIsMarkedAndCounted) {
  // example() has one sample.
  const std::string part = part_of(format_table(example(), kBaseline, {}), "Memory of one idle instance");
  EXPECT_THAT(part, ContainsRegex("\nvm .*3\\.00 \\*.* 1\n"));
  EXPECT_THAT(part, HasSubstr("\n* fewer than 5 samples"));
}

TEST(MemoryTable, TheDetachedFormIsARowOfItsOwn) {
  ComparisonResult result = example();
  EXPECT_THAT(format_table(result, kBaseline, {}), Not(HasSubstr("  detached")));
  result.runners[1].series["detached_idle_total_bytes"] = series({kMiB, kMiB, kMiB, kMiB, kMiB});
  const std::string part = part_of(format_table(result, kBaseline, {}), "Memory of one idle instance");
  EXPECT_THAT(part, ContainsRegex("\n  detached +1\\.00 .* 5\n"));
}

TEST(MemoryTable, OneMoreSaysOfHowMany) {
  const std::string part = part_of(format_table(with_ramp(1), kBaseline, {}), "One idle instance more");
  EXPECT_THAT(part, ContainsRegex("\nvm +1\\.50 +\\[1\\.50, 1\\.50\\] +0\\.500 +\\[0\\.500, 0\\.500\\] +32 x 1\n"));
  // One ramp has eight steps: that is not few.
  EXPECT_THAT(part, Not(HasSubstr("fewer than")));
  EXPECT_THAT(part, Not(HasSubstr("MemAvail")));
}

TEST(MemoryTable, MemAvailableIsACheckOnlyWhereItWasLookedAt) {
  ComparisonResult result = with_ramp(2);
  result.runners[1].series["additional_system_bytes"] = series({2 * kMiB, 2 * kMiB});
  EXPECT_THAT(part_of(format_table(result, kBaseline, {}), "One idle instance more"), HasSubstr("MemAvail"));
}

TEST(MemoryTable, AnImageThatIsNotSharedIsARowBesideTheOneThatIs) {
  ComparisonResult result = example();
  result.runners[1].series["python_idle_pss_bytes"] = series({5 * kMiB});
  result.runners[1].series["python_unshared_idle_pss_bytes"] = series({15 * kMiB});
  const std::string part = part_of(format_table(result, kBaseline, {}), "An idle Python");
  EXPECT_THAT(part, ContainsRegex("\nvm .*5\\.00"));
  EXPECT_THAT(part, ContainsRegex("\n  image not shared .*15\\.0"));
}

TEST(ArrivalTable, FailuresAreShownAndAP99NeedsEnoughSamples) {
  ComparisonResult result = example();
  RunnerResult& vm = result.runners[1];
  for (int i = 0; i < 99; ++i) vm.series["arrival_ns"].push_back({0, 5e6});
  vm.failures["arrival_ns"] = {2, 101};
  std::string part = part_of(format_table(result, kBaseline, {}), "Starts that arrive");
  EXPECT_THAT(part, ContainsRegex("\nvm .*2 of 101 +99\n"));
  EXPECT_THAT(part, HasSubstr("a 99th percentile needs 100 samples"));
  vm.series["arrival_ns"].insert(vm.series["arrival_ns"].end(), 300, {1, 7e6});
  part = part_of(format_table(result, kBaseline, {}), "Starts that arrive");
  EXPECT_THAT(part, ContainsRegex("\nvm .*7\\.00 +\\[7\\.00, 7\\.00\\]"));
  EXPECT_THAT(part, Not(HasSubstr("[1] a 99th")));
}

TEST(Ratios, ASeriesWithSeveralSamplesOfARoundHasNoPairs) {
  const Series several = {{0, 1}, {0, 2}, {1, 3}};
  EXPECT_TRUE(paired_ratios(several, series({1, 1})).empty());
  EXPECT_EQ(paired_ratios(series({1, 1}), series({1, 1})).size(), 2U);
}

TEST(MemoryJson, ReadBackHasFitsFailuresAndDetachedProcesses) {
  ComparisonResult result = with_ramp(2);
  RunnerResult& vm = result.runners[1];
  vm.failures["arrival_ns"] = {2, 101};
  vm.detached_processes = {{{1, "conmon", 800'000, 0}}};
  const std::string text = format_json(result, kBaseline);
  const nlohmann::json summary = nlohmann::json::parse(text)["runners"][1]["summary"]["additional_group_bytes"];
  EXPECT_EQ(summary["fit"], (nlohmann::json{{"instances", 32}, {"ramps", 2}, {"steps", 16}}));
  EXPECT_DOUBLE_EQ(summary["median"], 1.5 * kMiB);
  const Document back = parse_json(text, "text");
  EXPECT_EQ(back.result.runners[1].failures.at("arrival_ns").failed, 2U);
  EXPECT_EQ(back.result.runners[1].detached_processes[0][0].name, "conmon");
  EXPECT_EQ(format_table(back.result, kBaseline, {}), format_table(result, kBaseline, {}));
}

}  // namespace
}  // namespace husk::compare
