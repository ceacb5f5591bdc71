// Starting and watching real processes, as the measurements do.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tools/compare/memory.h"
#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr int kTimeoutMs = 20'000;

// Not for a zombie: nobody waits for an orphan where process 1 does not.
bool is_alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return file >> number >> name >> state && state != "Z";
}

TEST(Process, ReportsExitStatusAndSignal) {
  Process seven = Process::start({"sh", "-c", "exit 7"}, Process::Streams::kNone);
  ASSERT_TRUE(seven.wait(kTimeoutMs));
  EXPECT_EQ(seven.exit_status(), 7);
  EXPECT_GT(seven.end_ns(), seven.start_ns());
  Process killed = Process::start({"sh", "-c", "kill -9 $$"}, Process::Streams::kNone);
  ASSERT_TRUE(killed.wait(kTimeoutMs));
  EXPECT_EQ(killed.exit_status(), 137);
}

TEST(Process, KeepsTheLastLineOfStandardError) {
  Process process = Process::start({"sh", "-c", "echo one >&2; echo two >&2; exit 1"}, Process::Streams::kNone);
  ASSERT_TRUE(process.wait(kTimeoutMs));
  EXPECT_EQ(process.last_error_line(), "two");
}

TEST(Process, OutputAndEndOfInputArePipes) {
  Process process = Process::start({"sh", "-c", "printf ready; cat; exit 3"}, Process::Streams::kPipes);
  EXPECT_EQ(process.read_output(5, kTimeoutMs), "ready");
  EXPECT_FALSE(process.wait(0));
  process.close_input();
  ASSERT_TRUE(process.wait(kTimeoutMs));
  EXPECT_EQ(process.exit_status(), 3);
}

TEST(Process, TheFirstOfSeveralToEndIsFound) {
  std::vector<std::optional<Process>> lanes(3);
  lanes[0].emplace(Process::start({"sh", "-c", "sleep 1000"}, Process::Streams::kNone));
  lanes[2].emplace(Process::start({"sh", "-c", "exit 4"}, Process::Streams::kNone));
  std::vector<Process*> processes = {&*lanes[0], nullptr, &*lanes[2]};
  ASSERT_EQ(wait_any(processes, kTimeoutMs), 2U);
  ASSERT_TRUE(lanes[2]->wait(kTimeoutMs));
  EXPECT_EQ(lanes[2]->exit_status(), 4);
  lanes[2].reset();
  processes[2] = nullptr;
  EXPECT_EQ(wait_any(processes, 10), processes.size());
}

TEST(Process, AProgramThatIsNotThereIsAnError) {
  EXPECT_THROW(Process::start({"/nonexistent/program"}, Process::Streams::kNone), Error);
}

TEST(Process, IsKilledWithItsGroupWhenItGoesOutOfScope) {
  pid_t child = 0;
  {
    // A shell that ignores SIGTERM, and a child of it in the background.
    Process process =
        Process::start({"sh", "-c", "trap '' TERM; sleep 1000 & printf %08d $!; wait"}, Process::Streams::kPipes);
    child = std::stoi(process.read_output(8, kTimeoutMs));
    EXPECT_TRUE(is_alive(child));
  }
  for (int attempt = 0; attempt < kTimeoutMs && is_alive(child); ++attempt) usleep(1'000);
  EXPECT_FALSE(is_alive(child));
}

TEST(Memory, CountsTheWholeTree) {
  Process process = Process::start({"sh", "-c", "sleep 1000 & echo; wait"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, kTimeoutMs), "\n");
  // The background shell may not have executed sleep yet.
  std::vector<ProcessMemory> tree;
  for (int attempt = 0; attempt < kTimeoutMs; ++attempt) {
    tree = memory_of_trees({process.pid()});
    if (tree.size() == 2 && tree[1].name == "sleep") break;
    usleep(1'000);
  }
  ASSERT_EQ(tree.size(), 2U);
  EXPECT_EQ(tree[0].pid, process.pid());
  EXPECT_EQ(tree[1].name, "sleep");
  EXPECT_GT(tree[0].pss_bytes, 0U);
  EXPECT_EQ(total(tree).pss_bytes, tree[0].pss_bytes + tree[1].pss_bytes);
  EXPECT_LE(total(tree).private_bytes, total(tree).pss_bytes);
}

TEST(Memory, CountsWhatHasBeenLeftToThisProcess) {
  adopt_orphans();
  Process process = Process::start({"sh", "-c", "setsid sleep 1000 & echo"}, Process::Streams::kPipes);
  ASSERT_EQ(process.read_output(1, kTimeoutMs), "\n");
  ASSERT_TRUE(process.wait(kTimeoutMs));
  ASSERT_EQ(orphans().size(), 1U);
  const std::vector<ProcessMemory> left = memory_of_trees({process.pid()});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].pid, orphans()[0]);
  EXPECT_FALSE(settle_orphans(10));
  EXPECT_TRUE(orphans().empty());
}

TEST(Memory, OfAProcessThatIsGoneIsNothing) {
  Process process = Process::start({"true"}, Process::Streams::kNone);
  const pid_t pid = process.pid();
  ASSERT_TRUE(process.wait(kTimeoutMs));
  EXPECT_EQ(total(memory_of_trees({pid})).pss_bytes, 0U);
}

}  // namespace
}  // namespace husk::compare
