// The table, the JSON and CSV files and the side-by-side view, from results that are made up here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tools/compare/output/csv.h"
#include "tools/compare/output/grid.h"
#include "tools/compare/output/json.h"
#include "tools/compare/output/numbers.h"
#include "tools/compare/output/side_by_side.h"
#include "tools/compare/output/table.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kBaseline[] = "kvm-floor";

Series series(std::initializer_list<double> values) {
  Series samples;
  for (const double value : values) samples.push_back({static_cast<std::uint32_t>(samples.size()), value});
  return samples;
}

ComparisonResult example() {
  ComparisonResult result;
  result.payload = "an example";
  result.seed = 1;
  result.host.cpu_model = "A Processor";
  result.host.cores = 2;
  result.host.kvm_backend = "pvm";
  result.host.guest_ring = "3";
  result.payload_pss_bytes = series({16 << 10});
  RunnerResult floor;
  floor.name = kBaseline;
  floor.is_reference = true;
  floor.series["start_ns"] = series({1e6, 2e6, 3e6, 1e6, 2e6, 3e6});
  RunnerResult vm;
  vm.name = "vm";
  vm.command = {"husk", "run"};
  vm.series["start_ns"] = series({5e6, 4e6, 6e6, 5e6, 4e6, 6e6});
  vm.series["first_instruction_ns"] = series({2.5e6});
  vm.series["idle_pss_bytes"] = series({3 << 20});
  vm.series["start_rate@4"] = series({310});
  vm.series["cpu_ns"] = series({0.912});
  vm.notes["tcp_ns"] = "not supported yet: socket: ENOSYS";
  vm.idle_processes = {{{1, "husk", 3 << 20, 0}}};
  vm.vm_exits = {{"guest_ring", 3}, {"exits_mmio", 2}};
  RunnerResult missing;
  missing.name = "runc";
  missing.status = Status::kNotAvailable;
  missing.note = "not installed (apt package runc)";
  result.runners = {floor, vm, missing};
  return result;
}

std::vector<std::string> words_of_row(const std::string& table, const std::string& name) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name + " ")) continue;
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), {}};
  }
  return {};
}

TEST(Table, ShowsTheMedianAndTheRatioPairByPair) {
  const std::vector<std::string> vm = words_of_row(format_table(example(), kBaseline, {}), "vm");
  ASSERT_GE(vm.size(), 7U);
  EXPECT_EQ(vm[1], "5.00");
  EXPECT_THAT(vm[2], HasSubstr("["));
  // Pairs: 5, 2, 2, 5, 2, 2. The quotient of the medians would be 2.5.
  EXPECT_EQ(vm[5], "2.00x");
}

TEST(Table, ARunnerThatIsMissingIsARowThatSaysSo) {
  EXPECT_THAT(format_table(example(), kBaseline, {}), HasSubstr("runc  "));
  EXPECT_THAT(format_table(example(), kBaseline, {}), HasSubstr("not installed (apt package runc)"));
}

TEST(Table, SaysWhatTheBackEndAndThePrivilegeModeMean) {
  const std::string table = format_table(example(), kBaseline, {});
  EXPECT_THAT(table, HasSubstr("pvm, husk's guest kernel in CPL 3"));
  EXPECT_THAT(table, HasSubstr("upper bounds"));
  ComparisonResult hardware = example();
  hardware.host.kvm_backend = "svm";
  hardware.host.guest_ring = "0";
  EXPECT_THAT(format_table(hardware, kBaseline, {}), Not(HasSubstr("upper bounds")));
}

TEST(Table, ACellThatIsNotSupportedSaysSo) {
  EXPECT_THAT(format_table(example(), kBaseline, {}), HasSubstr("not supported yet"));
}

TEST(Table, WithoutABaselineThereIsNoRatio) {
  ComparisonResult result = example();
  result.runners.erase(result.runners.begin());
  EXPECT_EQ(words_of_row(format_table(result, kBaseline, {}), "vm")[5], "-");
}

TEST(Table, IsPlainUnlessColourIsAskedFor) {
  EXPECT_THAT(format_table(example(), kBaseline, {}), Not(HasSubstr("\033")));
  EXPECT_THAT(format_table(example(), kBaseline, {.colour = true}), HasSubstr("\033[1m"));
}

TEST(Table, SaysThatItEndedEarlyAndWarnsOfNoise) {
  ComparisonResult result = example();
  EXPECT_THAT(format_table(result, kBaseline, {}), Not(HasSubstr("ENDED EARLY")));
  result.complete = false;
  result.host.others_percent = 12.5;
  result.warnings = noise_warnings(result.host);
  EXPECT_THAT(format_table(result, kBaseline, {}), HasSubstr("ENDED EARLY"));
  EXPECT_THAT(format_table(result, kBaseline, {}), HasSubstr("12.5 % of the processors' time"));
}

TEST(Table, OfNothingAtAllStillHasARowForEveryRunner) {
  ComparisonResult result = example();
  for (RunnerResult& runner : result.runners) runner.series.clear();
  const std::string table = format_table(result, kBaseline, {});
  for (const char* name : {"kvm-floor", "vm", "runc"}) EXPECT_THAT(table, HasSubstr(name));
}

TEST(Grid, ANarrowHeaderEndsItsTitlesInTheSameLine) {
  const std::vector<std::vector<std::string>> expected = {{"", "CPU loop,", ""}, {"a", "per turn", "unbreakable"}};
  EXPECT_EQ(narrow_header({"a", "CPU loop, per turn", "unbreakable"}, 9), expected);
}

TEST(Noise, StealAndClockAreWarnedOf) {
  Host host;
  host.cores = 2;
  EXPECT_TRUE(noise_warnings(host).empty());
  host.steal_percent = 7;
  host.mhz_low = 1000;
  host.mhz_high = 3000;
  EXPECT_EQ(noise_warnings(host).size(), 2U);
}

TEST(Json, HoldsEverySampleAndTheSchema) {
  const nlohmann::json document = nlohmann::json::parse(format_json(example(), kBaseline));
  EXPECT_EQ(document["schema"]["name"], "husk.compare");
  EXPECT_EQ(document["schema"]["version"], kSchemaVersion);
  EXPECT_EQ(document["host"]["kvm_backend"], "pvm");
  ASSERT_EQ(document["runners"].size(), 3U);
  const nlohmann::json& vm = document["runners"][1];
  EXPECT_EQ(vm["samples"]["start_ns"]["value"], (nlohmann::json{5e6, 4e6, 6e6, 5e6, 4e6, 6e6}));
  EXPECT_EQ(vm["summary"]["start_ns"]["ratio"][kBaseline]["median"], 2);
  EXPECT_TRUE(vm["summary"]["start_ns"]["interval"].is_array());
  EXPECT_TRUE(vm["summary"]["first_instruction_ns"]["interval"].is_null());
  EXPECT_EQ(vm["idle_processes"][0][0]["name"], "husk");
  EXPECT_EQ(document["runners"][2]["note"], "not installed (apt package runc)");
}

TEST(Json, ReadBackSaysTheSame) {
  const std::string text = format_json(example(), kBaseline);
  const Document document = parse_json(text, "a test");
  EXPECT_EQ(document.baseline, kBaseline);
  EXPECT_EQ(format_json(document.result, document.baseline), text);
}

TEST(Json, ThatIsNoComparisonIsAnErrorThatNamesIt) {
  for (const char* text : {"", "not json", "{}", "[]", R"({"schema": {"name": "husk.compare", "version": 1}})",
                           R"({"schema": {"name": "husk.compare", "version": 2}, "husk": 7})"}) {
    try {
      parse_json(text, "some file");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("some file"));
    }
  }
}

TEST(Json, SurvivesTextThatIsNotUtf8) {
  ComparisonResult result = example();
  result.runners[2].note = "\xff\xfe";
  EXPECT_NO_THROW(nlohmann::json::parse(format_json(result, kBaseline)));
}

TEST(Csv, HasOneLineForEverySample) {
  const std::string csv = format_csv(example());
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 6 + 6 + 4);
  EXPECT_THAT(csv, HasSubstr("vm,start_ns,ns,1,4000000\r\n"));
  EXPECT_THAT(csv, HasSubstr("vm,start_rate@4,1/s,0,310\r\n"));
}

TEST(SideBySide, FindsWhatDiffers) {
  const ComparisonResult a = example();
  ComparisonResult b = example();
  for (Sample& sample : b.runners[1].series["start_ns"]) sample.value *= 2;
  const std::string text = format_side_by_side(a, b, {});
  EXPECT_THAT(text, HasSubstr("2.00x"));
  EXPECT_THAT(text, HasSubstr("worse"));
  EXPECT_THAT(format_side_by_side(a, a, {}), Not(HasSubstr("worse")));
  b.host.cpu_model = "Another";
  EXPECT_THAT(format_side_by_side(a, b, {}), HasSubstr("different machines"));
}

TEST(Numbers, HaveThreeSignificantDigits) {
  EXPECT_EQ(significant(0.01234), "0.0123");
  EXPECT_EQ(significant(3.2449), "3.24");
  EXPECT_EQ(significant(1240.4), "1240");
  EXPECT_EQ(with_unit(2'130'000, Unit::kNanoseconds), "2.13 ms");
  EXPECT_EQ(with_unit(3 << 20, Unit::kBytes), "3.00 MiB");
}

}  // namespace
}  // namespace husk::compare
