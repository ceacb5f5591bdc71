// The applications' table, and the sizes of the memory benchmark's buffers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "tests/unit/compare_example.h"
#include "tools/compare/applications.h"
#include "tools/compare/cache_sizes.h"
#include "tools/compare/debian_root.h"
#include "tools/compare/metrics.h"
#include "tools/compare/output/cost_table.h"
#include "tools/compare/output/ratio_text.h"
#include "tools/compare/output/start_forms.h"
#include "tools/compare/output/workload_table.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Directory {
 public:
  Directory() {
    std::string name = fs::temp_directory_path() / "compare-workloads-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(path_); }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// "Every figure is defined here". The forms of a figure (detached, of Python, of a Python whose image is not shared) are
// described once, by what their names begin with.
TEST(Metrics, EachIsDefinedInTheMethodology) {
  std::ifstream file(HUSK_SOURCE_DIRECTORY "/docs/methodology.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  ASSERT_FALSE(text.empty());
  for (const Metric& metric : metrics()) {
    std::string id(metric.id);
    for (const char* prefix : {"detached_", "python_unshared_", "python_"}) {
      if (id.starts_with(prefix)) {
        id.erase(0, std::strlen(prefix));
        break;
      }
    }
    EXPECT_TRUE(text.find("`" + id + "`") != std::string::npos || text.find("`" + id + "@") != std::string::npos) << id;
  }
}

TEST(Applications, EachHasAMetricOfItsOwnAndAnOutputThatIsChecked) {
  std::set<std::string> names, ids;
  for (const Application& application : applications()) {
    EXPECT_TRUE(names.insert(application.name).second) << application.name;
    EXPECT_TRUE(ids.insert(application.metric).second) << application.metric;
    const Metric* metric = find_metric(application.metric);
    ASSERT_NE(metric, nullptr) << application.metric;
    EXPECT_EQ(metric->group, Group::kWorkloads);
    EXPECT_GT(application.limit_ms, 0);
    // One that would accept nothing at all checks nothing.
    EXPECT_FALSE(std::regex_match("", std::regex(application.expect))) << application.name;
    const Task task = task_of(application);
    EXPECT_THAT(task.files, Not(IsEmpty()));
    EXPECT_FALSE(task.is_embedded);
  }
}

TEST(Applications, TheirFilesAreMadeByTheirOwnSetUp) {
  for (const Application& application : applications()) {
    for (const std::string& file : task_of(application).files) {
      if (!file.starts_with("/opt/husk/")) continue;
      EXPECT_THAT(application.set_up, HasSubstr(fs::path(file).filename().string())) << application.name;
    }
  }
}

TEST(Applications, WhatARootLacksIsNamed) {
  const Directory root;
  root.write("usr/bin/python3", "");
  Task task;
  task.files = {"/usr/bin/python3"};
  EXPECT_EQ(missing_file(task, root.path()), "");
  task.files.emplace_back("/usr/bin/git");
  EXPECT_EQ(missing_file(task, root.path()), "/usr/bin/git");
}

TEST(Applications, AFileMayBeAPatternButARootsPathIsNone) {
  const Directory directory;
  directory.write("a[b]*/usr/lib/python3.11/json/x", "");
  Task task;
  task.files = {"/usr/lib/python3.*/json"};
  EXPECT_EQ(missing_file(task, directory.path() / "a[b]*"), "");
  EXPECT_EQ(missing_file(task, directory.path() / "a?b?*"), "/usr/lib/python3.*/json");
}

TEST(Applications, ALinkOfTheRootIsNotFollowedOnTheHost) {
  const Directory root;
  fs::create_directories(root.path() / "usr/bin");
  fs::create_symlink("/nowhere/python3.11", root.path() / "usr/bin/python3");
  Task task;
  task.files = {"/usr/bin/python3"};
  EXPECT_EQ(missing_file(task, root.path()), "");
}

TEST(Applications, AnImageWithNoneOfTheProgramsIsRefused) {
  const Directory cache, root;
  fs::permissions(cache.path(), fs::perms(0700));
  const image::CacheDir directory(cache.path());
  Workload workload = embedded_workload(directory, {"git", "sort"}, root.path().string() + "/");
  EXPECT_EQ(workload.tasks.size(), 2U);
  EXPECT_ANY_THROW(complete(workload, root.path()));
  root.write("usr/bin/git", "");
  root.write("usr/lib/python3.11/email/x", "");
  EXPECT_NO_THROW(complete(workload, root.path()));
  EXPECT_EQ(workload.tasks[0].missing, "");
  EXPECT_EQ(workload.tasks[1].missing, "/usr/bin/sort");  // its cells say so
}

TEST(DebianRoot, ItsNameFollowsFromWhatItIsMadeOf) {
  EXPECT_EQ(debian_root_name(), debian_root_name());
  EXPECT_TRUE(std::regex_match(debian_root_name(), std::regex("debian-[0-9a-f]{16}")));
}

TEST(CacheSizes, AreThoseOfDataAndOfOneCore) {
  const Directory cpu;
  const auto add = [&](const std::string& index, const char* level, const char* type, const char* size) {
    cpu.write(index + "/level", level);
    cpu.write(index + "/type", type);
    cpu.write(index + "/size", size);
  };
  add("index0", "1", "Data", "32K\n");
  add("index1", "1", "Instruction", "99999K\n");
  add("index2", "2", "Unified", "1024K\n");
  add("index3", "3", "Unified", "32768K\n");
  const CacheSizes sizes = cache_sizes(cpu.path());
  EXPECT_EQ(sizes.second_level, 1U << 20);
  EXPECT_EQ(sizes.last_level, 32U << 20);
  EXPECT_EQ(cache_sizes(cpu.path() / "none").last_level, 0U);
}

TEST(CacheSizes, ABufferThatIsNoLargerThanACacheIsNotCalledMemory) {
  const CacheSizes caches{1 << 20, 32 << 20};
  const StreamSizes large = stream_sizes(caches, 1ULL << 30);
  EXPECT_EQ(large.in_second_level, 512U << 10);
  EXPECT_EQ(large.in_last_level, 16U << 20);
  EXPECT_EQ(large.beyond_caches, 128U << 20);
  // In 64 MiB there is no room for what is no cache: then there is no figure, not that of a cache.
  const StreamSizes small = stream_sizes(caches, 64 << 20);
  EXPECT_EQ(small.in_last_level, 16U << 20);
  EXPECT_EQ(small.beyond_caches, 0U);
  EXPECT_EQ(stream_sizes({}, 1ULL << 30).beyond_caches, 0U);
}

ComparisonResult two_runners() {
  ComparisonResult result;
  result.seed = 1;
  for (const char* name : {"process", "namespace", "vm"}) {
    RunnerResult runner;
    runner.name = name;
    result.runners.push_back(runner);
  }
  return result;
}

TEST(CostTable, RatesAreTurnedSoThatAboveOneIsDearer) {
  ComparisonResult result = two_runners();
  result.runners[1].series["start_rate@2"] = series({400, 400, 400, 400, 400, 400});
  result.runners[2].series["start_rate@2"] = series({200, 200, 200, 200, 200, 200});
  result.runners[1].series["start_ns"] = series({2e6, 2e6});
  result.runners[2].series["start_ns"] = series({1e6, 1e6});
  const std::string table = format_cost(result, {});
  EXPECT_THAT(table, testing::ContainsRegex("n at a time.*400 /s +200 /s +2.00x +.2.00, 2.00. +6"));
  EXPECT_THAT(table, testing::ContainsRegex("start to exit +2.00 ms [*] +1.00 ms [*] +0.500x [*] +- +2"));
  EXPECT_THAT(table, HasSubstr("* fewer than 5 samples"));
}

TEST(StartForms, AFigureOfFewSamplesIsMarked) {
  ComparisonResult result = two_runners();
  for (RunnerResult& runner : result.runners) {
    runner.status = Status::kMeasured;
    runner.series["start_with_root_ns"] = series({2e6, 2e6, 2e6, 2e6, 2e6, 2e6});
  }
  EXPECT_THAT(format_start_forms(result, "process", {}, 100), Not(HasSubstr("*")));
  result.runners[2].series["first_start_ns"] = series({9e6, 9e6});
  const std::string table = format_start_forms(result, "process", {}, 100);
  EXPECT_THAT(table, HasSubstr("9.00 *"));
  EXPECT_THAT(table, HasSubstr("* fewer than 5 samples"));
}

TEST(CostTable, HasNothingThatIsTheComparisonsOwn) {
  ComparisonResult result = two_runners();
  for (RunnerResult& runner : result.runners) {
    runner.series["start_ns"] = series({1e6, 1e6, 1e6, 1e6, 1e6, 1e6});
    runner.series["arrival_rate"] = series({20, 20});
    runner.series["arrival_lag_ns"] = series({2e5, 2e5});
  }
  const std::string table = format_cost(result, {});
  EXPECT_THAT(table, Not(HasSubstr("arrivals per second")));
  EXPECT_THAT(table, Not(HasSubstr("came too late")));
}

TEST(CostTable, AnEmptyCellSaysWhy) {
  ComparisonResult result = two_runners();
  result.runners[1].series["task_redis_ns"] = series({1e8, 1e8});
  result.runners[2].notes["task_redis_ns"] = "failed: socket: Function not implemented";
  const std::string table = format_cost(result, {});
  EXPECT_THAT(table, HasSubstr("[1] failed: socket: Function not implemented"));
  result.runners.pop_back();
  EXPECT_EQ(format_cost(result, {}), "");
}

TEST(CostTable, WhatWasChosenIsNoCost) {
  ComparisonResult result = two_runners();
  for (RunnerResult& runner : result.runners) {
    for (const char* id : {"arrival_rate", "arrival_lag_ns", "start_ns"}) runner.series[id] = series({1e6, 1e6});
  }
  const std::string table = format_cost(result, {});
  EXPECT_THAT(table, HasSubstr("start to exit"));
  EXPECT_THAT(table, Not(HasSubstr("arrivals")));
  EXPECT_THAT(table, Not(HasSubstr("too late")));
}

TEST(WorkloadTable, WhatNoRunnerHasIsSaidOnce) {
  ComparisonResult result = two_runners();
  for (RunnerResult& runner : result.runners) {
    runner.series["task_touch_ns"] = series({1e6, 1e6});
    runner.notes["task_sqlite_ns"] = "not supported: no sqlite3";
  }
  const std::string table = format_workloads(result, {});
  EXPECT_THAT(table, HasSubstr("Of no runner:\n  sqlite, 20,000 inserts: not supported: no sqlite3\n"));
  EXPECT_EQ(table.find("no sqlite3"), table.rfind("no sqlite3"));
}

TEST(WorkloadTable, HasRatiosToAProcessWithIntervalsAndNumbers) {
  ComparisonResult result = two_runners();
  result.runners[0].series["task_git_ns"] = series({1e8, 1e8, 1e8, 1e8, 1e8, 1e8, 1e8, 1e8});
  result.runners[2].series["task_git_ns"] = series({3e8, 3e8, 3e8, 3e8, 3e8, 3e8, 3e8, 3e8});
  result.runners[1].notes["task_git_ns"] = "over 1.0 s: cut short, --budget has no more time for it";
  const std::string table = format_workloads(result, {});
  EXPECT_THAT(table, HasSubstr("100 ms [100, 100] 8"));
  EXPECT_THAT(table, HasSubstr("3.00x [3.00, 3.00] 8"));
  EXPECT_THAT(table, HasSubstr("over 1.0 s [1]"));
}

TEST(WorkloadTable, WithoutAProcessItHasTimes) {
  ComparisonResult result = two_runners();
  result.runners[2].series["task_git_ns"] = series({3e8});
  EXPECT_THAT(format_workloads(result, {}), HasSubstr("300 ms 1*"));
  result.runners[2].series.clear();
  EXPECT_EQ(format_workloads(result, {}), "");
}

}  // namespace
}  // namespace husk::compare
