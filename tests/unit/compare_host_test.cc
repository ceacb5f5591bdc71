// What is recorded of the machine, and what is said when it changed while it was measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tests/unit/compare_example.h"
#include "tests/unit/temporary_tree.h"
#include "tools/compare/drift_warnings.h"
#include "tools/compare/host_settings.h"
#include "tools/compare/output/json.h"

namespace husk::compare {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text << "\n";
}

TEST(HostSettings, AreWhatTheKernelSays) {
  const test::TemporaryTree tree;
  put(tree / "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
  put(tree / "sys/kernel/mm/ksm/run", "1");
  put(tree / "sys/devices/system/cpu/smt/control", "notsupported");
  for (const char* processor : {"cpu0", "cpu1", "cpu10"}) {
    put(tree / "sys/devices/system/cpu" + std::string("/") + processor + "/cpufreq/scaling_governor",
        processor == std::string("cpu1") ? "powersave" : "performance");
  }
  put(tree / "sys/devices/system/cpu/cpufreq/boost", "0");
  put(tree / "sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: Retpolines; IBPB: conditional");
  put(tree / "proc/cpuinfo", "model name\t: A Processor\nmicrocode\t: 0xa0011d1");
  put(tree / "proc/meminfo", "MemTotal: 1 kB\nSwapTotal:       2097148 kB");
  auto settings = host_settings(tree / "");
  EXPECT_EQ(settings["transparent_hugepages"], "madvise");
  EXPECT_EQ(settings["transparent_hugepage_defrag"], "not there");
  EXPECT_EQ(settings["ksm"], "on");
  EXPECT_EQ(settings["smt"], "notsupported");
  EXPECT_EQ(settings["governor"], "performance, powersave");
  EXPECT_EQ(settings["boost"], "off");
  EXPECT_EQ(settings["mitigation_spectre_v2"], "Mitigation: Retpolines; IBPB: conditional");
  EXPECT_EQ(settings["microcode"], "0xa0011d1");
  EXPECT_EQ(settings["swap"], "2047 MiB");
  EXPECT_EQ(settings["cgroups"], "not there");
  EXPECT_EQ(settings["clocksource"], "not there");
}

TEST(HostSettings, OfThisMachineHaveAValueEach) {
  for (const auto& [name, value] : host_settings()) EXPECT_NE(value, "") << name;
}

TEST(HostSettings, AFileSystemIsThatOfTheInnermostMount) {
  EXPECT_EQ(file_system_of("/proc/self/status"), "proc");
  EXPECT_EQ(file_system_of("/nothing/of/this/name"), "not there");
  EXPECT_NE(file_system_of("/"), "unknown");
}

TEST(HostSettings, AreReadBack) {
  ComparisonResult result = example();
  result.host.settings = {{"governor", "performance"}, {"mitigation_l1tf", "Not affected"}};
  result.host.own_percent = 12.5;
  result.slices = {{"start_ns", {0, 3}}};
  result.runners[0].series["start_ns"][1].at_s = 0.25;
  result.runners[0].choice.name = "split";
  result.runners[0].choice.tried["split"] = series({6e5, 7e5});
  result.runners[0].choice.failed["full"] = "there is none";
  const Document read = parse_json(format_json(result, kBaseline), "some file");
  EXPECT_EQ(read.result.host.settings, result.host.settings);
  EXPECT_EQ(read.result.host.own_percent, 12.5);
  EXPECT_EQ(read.result.slices, result.slices);
  EXPECT_EQ(read.result.runners[0].series, result.runners[0].series);
  EXPECT_EQ(read.result.runners[0].choice, result.runners[0].choice);
  EXPECT_FALSE(read.result.runners[1].choice.has_variants());
}

// A comparison in four slices; `moods`: what each slice does to every time, `own`: to those of the VM alone.
ComparisonResult sliced(const std::array<double, 4>& moods, const std::array<double, 4>& own) {
  ComparisonResult result = example();
  result.slices["start_ns"] = {0, 60, 120, 180};
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (RunnerResult& runner : result.runners) {
    if (runner.find("start_ns") == nullptr) continue;
    Series& series = runner.series["start_ns"];
    series.clear();
    for (std::uint32_t round = 0; round < 240; ++round) {
      const double factor = moods[round / 60] * (runner.name == "vm" ? 3 * own[round / 60] : 1);
      series.push_back({round, 1e6 * factor * std::exp(0.08 * normal(random))});
    }
  }
  return result;
}

TEST(DriftWarnings, ThereIsNoneOfAMachineThatStaysTheSame) {
  EXPECT_THAT(drift_warnings(sliced({1, 1, 1, 1}, {1, 1, 1, 1}), kBaseline), IsEmpty());
  EXPECT_THAT(drift_warnings(example(), kBaseline), IsEmpty());
}

TEST(DriftWarnings, ARunnerWhoseQuartersDifferIsNamedWithThem) {
  const std::vector<std::string> warnings =
      drift_warnings(sliced({1, 1, 1, 1}, {3.35 / 3, 2.83 / 3, 2.73 / 3, 3.41 / 3}), kBaseline);
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("from slice to slice"), HasSubstr("vm 3.")),
                                    AllOf(HasSubstr("even ratios to kvm-floor differ"), HasSubstr("vm 3."))));
}

TEST(DriftWarnings, OfAMachineThatIsInOtherMoodsTheRatiosStay) {
  const std::vector<std::string> warnings = drift_warnings(sliced({1, 1.3, 0.9, 1.2}, {1, 1, 1, 1}), kBaseline);
  EXPECT_THAT(warnings,
              ElementsAre(AllOf(HasSubstr("from slice to slice"), HasSubstr("vm "), HasSubstr("kvm-floor "))));
}

TEST(DriftWarnings, ATrendIsCalledOne) {
  const std::vector<std::string> warnings = drift_warnings(sliced({1, 1.1, 1.2, 1.3}, {1, 1, 1, 1}), kBaseline);
  EXPECT_THAT(warnings, testing::Contains(AllOf(HasSubstr("drifted"), HasSubstr("vm +"), HasSubstr(" %"))));
}

TEST(DriftWarnings, ASmallChangeIsNotWorthOne) {
  EXPECT_THAT(drift_warnings(sliced({1, 1.03, 1, 1.03}, {1, 1, 1, 1}), kBaseline), IsEmpty());
}

}  // namespace
}  // namespace husk::compare
