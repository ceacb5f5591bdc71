// Two comparisons beside one another: what must be known before one believes a difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/compare_example.h"
#include "tools/compare/judgement.h"
#include "tools/compare/output/side_by_side.h"

namespace husk::compare {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Start-up times of a machine that is in another mood in each quarter, and scatters by a twentieth: `factor` is what the
// VM takes of the floor's time.
Document document(double factor = 5, std::uint64_t seed = 1) {
  Document made{example(), kBaseline};
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Series& floor = made.result.runners[0].series["start_ns"];
  Series& vm = made.result.runners[1].series["start_ns"];
  floor.clear();
  vm.clear();
  for (std::uint32_t round = 0; round < 80; ++round) {
    const double mood = 1 + 0.1 * (round / 20);
    floor.push_back({round, 1e6 * mood * std::exp(0.05 * normal(random))});
    vm.push_back({round, 1e6 * factor * mood * std::exp(0.05 * normal(random))});
  }
  return made;
}

Document four_times_as_slow() {
  return document(20, 2);
}

// The line that begins so, after any spaces.
std::string line_of(const std::string& text, const std::string& beginning) {
  const std::size_t at = text.find(beginning);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

std::string table_of_vm(const std::string& text) {
  const std::size_t begin = text.find("\nvm ");
  return text.substr(begin, text.find("\nJudged", begin) - begin);
}

TEST(SideBySide, FindsWhatDiffers) {
  const std::string vm = table_of_vm(format_side_by_side(document(), four_times_as_slow(), {}));
  EXPECT_THAT(line_of(vm, "start to exit"), Not(HasSubstr("worse")));
  EXPECT_THAT(line_of(vm, "  x kvm-floor"), AllOf(HasSubstr("worse"), HasSubstr("n=80")));
  EXPECT_THAT(table_of_vm(format_side_by_side(four_times_as_slow(), document(), {})), HasSubstr("better"));
}

TEST(SideBySide, OfTheSameThingItCannotTell) {
  const std::string vm = table_of_vm(format_side_by_side(document(5, 1), document(5, 2), {}));
  EXPECT_THAT(line_of(vm, "  x kvm-floor"), HasSubstr("cannot tell"));
  EXPECT_THAT(vm, AllOf(Not(HasSubstr("worse")), Not(HasSubstr("better"))));
}

TEST(SideBySide, AMachineThatIsTwiceAsSlowIsNoDifference) {
  Document b = document(5, 2);
  for (RunnerResult& runner : b.result.runners) {
    for (Sample& sample : runner.series["start_ns"]) sample.value *= 2;
  }
  EXPECT_THAT(table_of_vm(format_side_by_side(document(), b, {})),
              AllOf(HasSubstr("1.98x"), Not(HasSubstr("worse")), Not(HasSubstr("better"))));
}

TEST(SideBySide, OfFewSamplesItCannotTell) {
  EXPECT_THAT(line_of(table_of_vm(format_side_by_side(document(), document(), {})), "idle PSS"),
              HasSubstr("cannot tell: fewer than 8 samples"));
}

TEST(SideBySide, SmallDifferencesAreCalledNothing) {
  Document a = document();
  Document b = document();
  for (Sample& sample : b.result.runners[1].series["start_ns"]) sample.value *= 1.015;
  Series& memory = a.result.runners[1].series["idle_pss_bytes"];
  memory.clear();
  for (std::uint32_t round = 0; round < 20; ++round) memory.push_back({round, 3 << 20});
  b.result.runners[1].series["idle_pss_bytes"] = memory;
  for (Sample& sample : b.result.runners[1].series["idle_pss_bytes"]) sample.value += 4096;
  EXPECT_THAT(table_of_vm(format_side_by_side(a, b, {})), Not(HasSubstr("worse")));
  for (Sample& sample : b.result.runners[1].series["idle_pss_bytes"]) sample.value += 200'000;
  EXPECT_THAT(line_of(table_of_vm(format_side_by_side(a, b, {})), "idle PSS"), HasSubstr("worse"));
}

TEST(SideBySide, AFloorThatWasAnotherProgramIsNoCommonLimit) {
  Document old = document();
  Document a = document();
  a.result.runners[0].choice.name = "split";
  EXPECT_EQ(common_baseline(a, old), "");
  EXPECT_EQ(common_baseline(a, a), kBaseline);
  EXPECT_THAT(format_side_by_side(a, old, {}), HasSubstr("no limit to put it in a ratio to"));
}

TEST(SideBySide, NamesWhatElseDiffers) {
  Document a = document();
  Document b = document();
  a.result.host.settings = {{"governor", "performance"}, {"ksm", "off"}};
  b.result.host.settings = {{"governor", "powersave"}, {"ksm", "off"}, {"smt", "on"}};
  b.result.husk_commit = "abc";
  const std::string text = format_side_by_side(a, b, {});
  EXPECT_THAT(text, HasSubstr("   governor: A performance, B powersave\n"));
  EXPECT_THAT(text, HasSubstr("   smt: A not recorded, B on\n"));
  EXPECT_THAT(text, HasSubstr("   husk: A "));
  EXPECT_THAT(text, Not(HasSubstr("ksm: ")));
  EXPECT_THAT(format_side_by_side(a, a, {}), Not(HasSubstr("What differs but")));
}

TEST(SideBySide, OfDifferentMachinesOnlyRatiosAreCalledBetterOrWorse) {
  Document b = four_times_as_slow();
  b.result.host.cpu_model = "Another";
  const std::string text = format_side_by_side(document(), b, {});
  EXPECT_THAT(text, HasSubstr("different machines"));
  EXPECT_THAT(line_of(table_of_vm(text), "start to exit"), Not(HasSubstr("worse")));
  EXPECT_THAT(line_of(table_of_vm(text), "idle PSS"), HasSubstr("the machines differ"));
  EXPECT_THAT(line_of(table_of_vm(text), "  x kvm-floor"), HasSubstr("worse"));
}

// Repeated comparisons of the same thing: 150 pairs, each on machines in moods of their own.
TEST(SideBySide, IsRarelySureOfADifferenceWhereThereIsNone) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const auto comparison = [&] {
    Document made{example(), kBaseline};
    made.result.runners.clear();
    std::vector<double> moods(4);
    for (double& mood : moods) mood = std::exp(0.1 * normal(random));
    for (const auto& [name, factor] :
         {std::pair(kBaseline, 1.0), {"process", 1.5}, {"vm", 3.0}, {"bwrap", 5.0}, {"runc", 40.0}}) {
      RunnerResult runner;
      runner.name = name;
      runner.is_reference = runner.name == kBaseline;
      std::vector<double> own(4);  // what a quarter does to this runner alone
      for (double& mood : own) mood = std::exp(0.02 * normal(random));
      for (std::uint32_t round = 0; round < 60; ++round) {
        runner.series["start_ns"].push_back(
            {round, 1e6 * factor * moods[round / 15] * own[round / 15] * std::exp(0.1 * normal(random))});
      }
      made.result.runners.push_back(std::move(runner));
    }
    return made;
  };
  constexpr int kPairs = 150;
  int alarms = 0;  // pairs with a row that is called better or worse
  for (int pair = 0; pair < kPairs; ++pair) {
    const std::vector<Judgement> rows = judge(comparison(), comparison());
    EXPECT_EQ(rows.size(), 5U);
    alarms += std::ranges::any_of(
        rows, [](const Judgement& row) { return row.verdict == Verdict::kBetter || row.verdict == Verdict::kWorse; });
  }
  EXPECT_LE(alarms, kPairs * 5 / 100);
}

TEST(SideBySide, OfDifferentPayloadsNothingIsBetterOrWorse) {
  Document b = four_times_as_slow();
  b.result.payload = "another one";
  const std::string text = format_side_by_side(document(), b, {});
  EXPECT_THAT(text, AllOf(HasSubstr("payload: an example"), HasSubstr("payload: another one"),
                          HasSubstr("WARNING: THE PAYLOADS DIFFER")));
  EXPECT_THAT(table_of_vm(text), AllOf(Not(HasSubstr("worse")), HasSubstr("the payloads differ")));
  EXPECT_THAT(format_side_by_side(document(), document(), {}), Not(HasSubstr("WARNING")));
}

TEST(SideBySide, ShowsNoiseAndThatItEndedEarlyOfBoth) {
  Document a = document();
  Document b = document();
  a.result.warnings = {"much noise"};
  b.result.complete = false;
  const std::string text = format_side_by_side(a, b, {});
  EXPECT_THAT(text, AllOf(HasSubstr("WARNING: much noise"), HasSubstr("ENDED EARLY")));
  EXPECT_LT(text.find("WARNING: much"), text.find("\nB: "));
  EXPECT_GT(text.find("ENDED EARLY"), text.find("\nB: "));
}

TEST(SideBySide, SaysWhichRunnersAreMissingAndWhy) {
  Document b = document();
  b.result.runners[1].status = Status::kFailed;
  b.result.runners[1].note = "failed: it ended";
  b.result.runners[1].series.clear();
  RunnerResult added = b.result.runners[0];
  added.name = "qemu";
  b.result.runners.push_back(added);
  const std::string text = format_side_by_side(document(), b, {});
  EXPECT_THAT(text, HasSubstr("\nvm: A: measured; B: failed: it ended\n"));
  EXPECT_THAT(text, HasSubstr("\nqemu: A: not in this comparison; B: measured\n"));
  EXPECT_THAT(text, HasSubstr("\nrunc: A: not installed (apt package runc); B: not installed (apt package runc)\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nkvm-floor: ")));
}

TEST(SideBySide, TheCommonBaselineIsOneThatBothHave) {
  Document a = document();
  Document b = document();
  EXPECT_EQ(common_baseline(a, b), kBaseline);
  a.baseline = "runc";  // not measured
  EXPECT_EQ(common_baseline(a, b), kBaseline);
  b.result.runners.erase(b.result.runners.begin());
  EXPECT_EQ(common_baseline(a, b), "");
  EXPECT_THAT(format_side_by_side(a, b, {}), HasSubstr("vm "));
}

}  // namespace
}  // namespace husk::compare
