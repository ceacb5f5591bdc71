// The table, the JSON and CSV files, from results that are made up here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/unit/compare_example.h"
#include "tools/compare/output/csv.h"
#include "tools/compare/output/grid.h"
#include "tools/compare/output/json.h"
#include "tools/compare/output/numbers.h"
#include "tools/compare/output/plain_text.h"
#include "tools/compare/output/side_by_side.h"
#include "tools/compare/output/table.h"

namespace husk::compare {
namespace {

using testing::HasSubstr;
using testing::Not;

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

TEST(Table, OfNothingAtAllStillHasARowForEveryRunnerThatCouldNotBeMeasured) {
  ComparisonResult result = example();
  for (RunnerResult& runner : result.runners) {
    runner.series.clear();
    if (runner.status != Status::kMeasured) continue;
    runner.status = Status::kFailed;
    runner.note = "failed: for " + runner.name;
  }
  const std::string table = format_table(result, kBaseline, {});
  const std::string rows = table.substr(table.find("Not measured"));
  EXPECT_THAT(rows, HasSubstr("\nvm  failed: for vm"));
  EXPECT_THAT(rows, HasSubstr("\nrunc  not installed (apt package runc)"));
  // A limit that ratios of starts are taken to: of no use where there are no starts.
  EXPECT_THAT(rows, Not(HasSubstr("\nkvm-floor")));
}

TEST(Grid, WhatIsWiderThanATerminalGoesOnBelow) {
  std::vector<std::string> header = {"runner"};
  std::vector<std::string> cells = {"vm"};
  for (int i = 0; i < 12; ++i) {
    header.insert(header.end(), {"figure" + std::to_string(i), "95 %"});
    cells.insert(cells.end(), {std::to_string(1000 + i), "[" + std::to_string(2000 + i) + ", 3000]"});
  }
  std::istringstream text(format_grid({header}, {{cells, "", false}, {{"none"}, "not installed", true}}, {}));
  std::size_t rows = 0;
  std::size_t notes = 0;
  std::string all;
  for (std::string line; std::getline(text, line); all += line) {
    EXPECT_LE(line.size(), kWidestGrid) << line;
    if (line.starts_with("none")) ++notes;
    if (!line.starts_with("vm ")) continue;
    ++rows;
    // No interval without its figure: figure and interval take turns, and a figure is the first.
    EXPECT_LT(line.find("  10"), line.find('[')) << line;
    EXPECT_TRUE(line.ends_with("3000]")) << line;
  }
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(notes, 1);
  for (int i = 0; i < 12; ++i) EXPECT_NE(all.find(std::to_string(2000 + i)), std::string::npos) << i;
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

TEST(Json, SurvivesTextThatIsNotUtf8) {
  ComparisonResult result = example();
  result.runners[2].note = "\xff\xfe";
  EXPECT_NO_THROW(EXPECT_FALSE(nlohmann::json::parse(format_json(result, kBaseline)).empty()));
}

TEST(Csv, HasOneLineForEverySample) {
  const std::string csv = format_csv(example());
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 6 + 6 + 4);
  EXPECT_THAT(csv, HasSubstr("vm,start_ns,ns,1,4000000\r\n"));
  EXPECT_THAT(csv, HasSubstr("vm,start_rate@4,1/s,0,310\r\n"));
}

TEST(Csv, QuotesWhatNeedsQuotes) {
  ComparisonResult result = example();
  result.runners[1].name = "a \"vm\", of mine\r\n";
  EXPECT_THAT(format_csv(result), HasSubstr("\"a \"\"vm\"\", of mine\r\n\",start_ns,ns,1,4000000\r\n"));
}

TEST(PlainText, KeepsWhatCanBeRead) {
  EXPECT_EQ(plain("µs, \xe2\x82\xac, \xf0\x9f\x90\x8c and ASCII"), "µs, \xe2\x82\xac, \xf0\x9f\x90\x8c and ASCII");
}

TEST(PlainText, ReplacesWhatATerminalWouldObey) {
  EXPECT_EQ(plain("a\tb\nc\r"), "a b c ");
  EXPECT_EQ(plain("\033]0;title\007"), "\ufffd]0;title\ufffd");
  EXPECT_EQ(plain(std::string_view("\0\x7f", 2)), "\ufffd\ufffd");
  EXPECT_EQ(plain("\xc2\x9b"
                  "31m"),
            "\ufffd"
            "31m");  // CSI as one character
  EXPECT_EQ(plain("\xe2\x80\xae"
                  "abc"),
            "\ufffd"
            "abc");  // right-to-left override
}

TEST(PlainText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(plain("\xff"), "\ufffd");
  EXPECT_EQ(plain("\x9b"), "\ufffd");
  EXPECT_EQ(plain("\xe2\x82"), "\ufffd\ufffd");                      // cut off
  EXPECT_EQ(plain("\xc0\x9b"), "\ufffd\ufffd");                      // overlong
  EXPECT_EQ(plain("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");            // a surrogate
  EXPECT_EQ(plain("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");  // beyond Unicode
}

TEST(Table, TextOfTheDataCannotReachTheTerminalAsMoreThanText) {
  const std::string hostile =
      "x\033]0;owned\007\nvm 0.001\xc2\x9b"
      "2J";
  ComparisonResult result = example();
  result.payload = result.husk_version = result.husk_commit = result.started = hostile;
  result.host.cpu_model = result.host.os = result.host.kernel = hostile;
  result.warnings = {hostile};
  for (RunnerResult& runner : result.runners) runner.note = hostile;
  result.runners[1].notes["tcp_ns"] = hostile;
  result.runners[1].isolation_facts = {{"seccomp", hostile}, {"namespaces", {hostile}}};
  const Document document{result, hostile};
  for (const std::string& text : {format_table(result, hostile, {}), format_side_by_side(document, document, {})}) {
    EXPECT_THAT(text, HasSubstr("owned"));
    EXPECT_THAT(text, Not(HasSubstr("\033")));
    EXPECT_THAT(text, Not(HasSubstr("\007")));
    EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    EXPECT_THAT(text, Not(HasSubstr("\nvm 0.001")));
  }
}

TEST(Table, AnEmptyCellSaysWhyBelow) {
  ComparisonResult result = example();
  RunnerResult& floor = result.runners[0];
  RunnerResult& vm = result.runners[1];
  floor.series["cold_start_ns"] = series({1e6});
  vm.notes["cold_start_ns"] = "failed: no strace";
  vm.notes["peak_pss_bytes"] = "too short";
  vm.notes["idle_kernel_bytes"] = "no memory control group";
  vm.notes["start_rate@8"] = "failed: timeout";
  RunnerResult other = vm;
  other.name = "qemu";
  other.series["start_rate@8"] = series({2});
  result.runners.push_back(other);
  const std::string table = format_table(result, kBaseline, {});
  EXPECT_EQ(words_of_row(table, "vm")[8], "[1]");
  EXPECT_THAT(table, HasSubstr("\n[1] failed: no strace\n"));
  EXPECT_THAT(table, HasSubstr("\n[1] no memory control group\n[2] too short\n"));
  EXPECT_THAT(table, HasSubstr("\n[1] failed: timeout\n"));
  EXPECT_THAT(table, HasSubstr("\n[1] not supported yet: socket: ENOSYS\n"));
}

TEST(Table, ARunnerThatFailedInTheOnlyMeasurementSaysSo) {
  ComparisonResult result = example();
  RunnerResult crun;
  crun.name = "crun";
  crun.notes["idle_pss_bytes"] = "failed: exit status 1";
  result.runners.push_back(crun);
  const std::string table = format_table(result, kBaseline, {});
  EXPECT_THAT(table, HasSubstr("\n[1] failed: exit status 1\n"));
}

TEST(Table, AReasonThatStandsBesideTheRowIsNotRepeated) {
  ComparisonResult result = example();
  RunnerResult& vm = result.runners[1];
  result.runners[0].series["cold_start_ns"] = series({1e6});
  vm.note = vm.notes["cold_start_ns"] = "failed: it ended";
  EXPECT_THAT(format_table(result, kBaseline, {}), Not(HasSubstr("[1] failed: it ended")));
}

TEST(Numbers, HaveThreeSignificantDigits) {
  EXPECT_EQ(significant(0.01234), "0.0123");
  EXPECT_EQ(significant(3.2449), "3.24");
  EXPECT_EQ(significant(1240.4), "1240");
  EXPECT_EQ(significant(1e308), "1.00e+308");
  EXPECT_EQ(significant(-1e-300), "-1.00e-300");
  EXPECT_EQ(significant(0), "0");
  EXPECT_EQ(significant(std::numeric_limits<double>::infinity()), "-");
  EXPECT_EQ(significant(std::numeric_limits<double>::quiet_NaN()), "-");
  EXPECT_EQ(with_unit(2'130'000, Unit::kNanoseconds), "2.13 ms");
  EXPECT_EQ(with_unit(3 << 20, Unit::kBytes), "3.00 MiB");
}

}  // namespace
}  // namespace husk::compare
