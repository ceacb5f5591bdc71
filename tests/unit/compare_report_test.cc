// The table and the JSON file, from results that are made up here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tools/compare/json_report.h"
#include "tools/compare/table.h"

namespace husk::compare {
namespace {

using testing::HasSubstr;
using testing::Not;

ComparisonResult example() {
  ComparisonResult result;
  result.payload = "an example";
  result.runs = 3;
  result.payload_pss_bytes = {1 << 20};
  RunnerResult floor;
  floor.name = "kvm-floor";
  floor.is_reference = true;
  floor.start_ns = {1'000'000, 2'000'000, 3'000'000};
  RunnerResult vm;
  vm.name = "vm";
  vm.command = {"husk", "run"};
  vm.start_ns = {5'000'000, 4'000'000, 6'000'000};
  vm.first_instruction_ns = {2'500'000};
  vm.guest_boot_ns = {123'000};
  vm.peak_pss_bytes = {4 << 20};
  vm.idle_pss_bytes = {3 << 20};
  vm.idle_processes = {{{1, "husk", 3 << 20}}};
  RunnerResult missing;
  missing.name = "runc";
  missing.note = "not installed (apt package runc)";
  result.runners = {floor, vm, missing};
  return result;
}

Host host() {
  Host host;
  host.cpu_model = "A Processor";
  host.cores = 2;
  host.kvm_backend = "pvm";
  return host;
}

std::string row(const std::string& table, const std::string& name) {
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + " ")) return line;
  }
  return "";
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

TEST(Table, ShowsMediansAndTheRatioToTheFloor) {
  const std::string table = format_table(example(), host(), {});
  const std::vector<std::string> vm = words(row(table, "vm"));
  // name, median, 5th and 95th percentile, ratio, first instruction, peak, idle, idle beyond the payload
  EXPECT_EQ(vm, (std::vector<std::string>{"vm", "5.00", "4.10", "5.90", "2.50x", "2.50", "4.00", "3.00", "2.00"}));
  EXPECT_EQ(words(row(table, "kvm-floor"))[4], "1.00x");
  EXPECT_THAT(table, HasSubstr("123 us"));
}

TEST(Table, ARunnerThatIsMissingIsARowThatSaysSo) {
  EXPECT_THAT(row(format_table(example(), host(), {}), "runc"), HasSubstr("not installed (apt package runc)"));
}

TEST(Table, WithoutAFloorThereIsNoRatio) {
  ComparisonResult result = example();
  result.runners.erase(result.runners.begin());
  EXPECT_EQ(words(row(format_table(result, host(), {}), "vm"))[4], "-");
}

TEST(Table, IsPlainUnlessColourIsAskedFor) {
  EXPECT_THAT(format_table(example(), host(), {}), Not(HasSubstr("\033")));
  EXPECT_THAT(format_table(example(), host(), {.colour = true}), HasSubstr("\033[1m"));
}

TEST(Table, SaysThatItEndedEarly) {
  ComparisonResult result = example();
  EXPECT_THAT(format_table(result, host(), {}), Not(HasSubstr("ENDED EARLY")));
  result.complete = false;
  EXPECT_THAT(format_table(result, host(), {}), HasSubstr("ENDED EARLY"));
}

TEST(Table, WarnsOfABusyMachine) {
  Host busy = host();
  EXPECT_THAT(format_table(example(), busy, {}), Not(HasSubstr("busy")));
  busy.load = 3.5;
  EXPECT_THAT(format_table(example(), busy, {}), HasSubstr("load 3.5 on 2 cores"));
}

TEST(Json, HoldsEverySampleAndTheSchema) {
  const nlohmann::json document = nlohmann::json::parse(format_json(example(), host()));
  EXPECT_EQ(document["schema"]["name"], "husk.compare");
  EXPECT_EQ(document["schema"]["version"], kSchemaVersion);
  EXPECT_EQ(document["host"]["kvm_backend"], "pvm");
  ASSERT_EQ(document["runners"].size(), 3U);
  const nlohmann::json& samples = document["runners"][1]["samples"];
  EXPECT_EQ(samples["start_ns"], (nlohmann::json{5'000'000, 4'000'000, 6'000'000}));
  EXPECT_EQ(samples["idle_processes"][0][0]["name"], "husk");
  EXPECT_EQ(document["runners"][2]["note"], "not installed (apt package runc)");
}

TEST(Json, SurvivesTextThatIsNotUtf8) {
  ComparisonResult result = example();
  result.runners[2].note = "\xff\xfe";
  EXPECT_NO_THROW(nlohmann::json::parse(format_json(result, host())));
}

}  // namespace
}  // namespace husk::compare
