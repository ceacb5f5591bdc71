// Processes that are born in a control group.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tools/compare/memory_limit.h"
#include "tools/compare/process.h"
#include "vmm/error.h"
#include "vmm/runner/cgroup.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr int kTimeoutMs = 30'000;

std::string output_in(GroupSpawner* spawner, const std::string& script) {
  Process process = Process::start({"/bin/sh", "-c", script}, Process::Streams::kPipes, spawner);
  std::string output = process.read_output(4096, kTimeoutMs);
  EXPECT_TRUE(process.wait(kTimeoutMs));
  return output;
}

TEST(MemoryLimit, ARunIsBornInAGroupOfItsSize) {
  MemoryLimit limit(std::uint64_t{64} << 20);
  if (!limit.why_not().empty()) GTEST_SKIP() << limit.why_not();
  MemoryLimit::Place one = limit.take();
  MemoryLimit::Place two = limit.take();
  const std::string groups = output_in(one.spawner(), "cat /proc/self/cgroup");
  EXPECT_NE(groups.find("husk-compare-limit-" + std::to_string(getpid()) + "-0"), std::string::npos) << groups;
  EXPECT_NE(output_in(two.spawner(), "cat /proc/self/cgroup").find("-1\n"), std::string::npos);
  const std::string own = output_in(nullptr, "cat /proc/self/cgroup");
  EXPECT_EQ(own.find("husk-compare-limit"), std::string::npos) << own;
}

TEST(MemoryLimit, WhoTakesMoreIsKilled) {
  MemoryLimit limit(std::uint64_t{8} << 20);
  if (!limit.why_not().empty()) GTEST_SKIP() << limit.why_not();
  const MemoryLimit::Place place = limit.take();
  Process process = Process::start({"/bin/sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=32M count=1"},
                                   Process::Streams::kNone, place.spawner());
  ASSERT_TRUE(process.wait(kTimeoutMs));
  EXPECT_EQ(process.exit_status(), 137);
}

TEST(MemoryLimit, NoLimitIsNoGroup) {
  MemoryLimit limit(0);
  EXPECT_EQ(limit.why_not(), "");
  EXPECT_EQ(limit.take().spawner(), nullptr);
}

// The way that version 2 has: it needs no controller.
class UnifiedTest : public testing::Test {
 protected:
  UnifiedTest() {
    const auto place = runner::cgroup_v2_of("self");
    if (!place) return;
    group_ = fs::path(*place) / ("husk-compare-test-" + std::to_string(getpid()));
    std::error_code error;
    if (!fs::create_directory(group_, error)) group_.clear();
  }
  ~UnifiedTest() override {
    if (!group_.empty()) runner::remove_cgroup(group_.c_str());
  }
  fs::path group_;
};

TEST_F(UnifiedTest, AChildIsClonedIntoTheGroup) {
  if (group_.empty()) GTEST_SKIP() << "no control group of version 2";
  GroupSpawner spawner(group_.string(), true);
  const std::string groups = output_in(&spawner, "cat /proc/self/cgroup");
  EXPECT_NE(groups.find("/" + group_.filename().string() + "\n"), std::string::npos) << groups;
  EXPECT_THROW(Process::start({"/nonexistent/program"}, Process::Streams::kNone, &spawner), Error);
}

}  // namespace
}  // namespace husk::compare
