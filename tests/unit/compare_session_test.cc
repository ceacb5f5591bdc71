// Rounds, slices, warm-up, and what becomes of a runner that fails: with runners that are a few words of shell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "tests/unit/temporary_tree.h"
#include "tools/compare/measure/session.h"
#include "tools/compare/statistics/interval.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

class Shell : public Runner {
 public:
  Shell(std::string name, std::string script) : name_(std::move(name)), script_(std::move(script)) {}
  std::string name() const override { return name_; }
  Isolation isolation() const override { return Isolation::kNone; }
  Availability detect(const Context&) const override { return {true, "1", {}}; }
  std::vector<std::string> command(const Invocation&) override { return {"/bin/sh", "-c", script_}; }
  void clean_up() override { ++clean_ups; }
  unsigned clean_ups = 0;

 private:
  std::string name_;
  std::string script_;
};

constexpr char kMetric[] = "start_ns";

Stage stage_of(unsigned warm_up) {
  return {.title = "start-up",
          .share = 1,
          .least_rounds = 2,
          .most_rounds = 1000,
          .warm_up = warm_up,
          .metrics = {kMetric},
          .is_essential = true};
}

class SessionTest : public testing::Test {
 protected:
  void run(const std::vector<Shell*>& runners, const SessionOptions& options, const std::vector<Stage>& stages) {
    session_.emplace(context_, options, [](double, const std::string&, double) {});
    for (Shell* runner : runners) session_->add(*runner);
    session_->plan(static_cast<double>(stages.size()));
    for (const Stage& stage : stages) {
      session_->run(stage, [&](Entry& entry, unsigned round) {
        ++turns_;
        if (on_turn_) on_turn_(entry);
        Process process = Process::start(session_->command(entry, {}), Process::Streams::kNone);
        session_->finish(process, entry);
        entry.add(kMetric, round, value_of_(round));
      });
    }
  }

  const RunnerResult& result(std::size_t index) { return session_->entries()[index].result; }
  std::vector<unsigned> rounds(std::size_t index) {
    std::vector<unsigned> rounds;
    const Series* series = result(index).find(kMetric);
    if (series == nullptr) return rounds;
    for (const Sample& sample : *series) rounds.push_back(sample.round);
    return rounds;
  }

  Context context_;
  std::optional<Session> session_;
  unsigned turns_ = 0;
  std::function<void(const Entry&)> on_turn_;
  std::function<double(unsigned round)> value_of_ = [](unsigned) { return 1; };
};

// Budgets and time-outs are seconds, so that a shell that does nothing keeps to them on the busiest machine.

TEST_F(SessionTest, MakesTheRoundsThatWereAskedForAndForgetsTheWarmUp) {
  Shell one("one", "exit 0"), two("two", ":");
  run({&one, &two}, {.runs = 3}, {stage_of(2)});
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0, 1, 2}));
  EXPECT_EQ(rounds(1), (std::vector<unsigned>{0, 1, 2}));
  EXPECT_EQ(turns_, 2 * (2 + 3));
}

TEST_F(SessionTest, SlicesShareTheRoundsAndCountOn) {
  Shell one("one", ":");
  std::vector<Stage> slices;
  for (unsigned index = 0; index < 4; ++index) slices.push_back(stage_of(1).slice(index, 4));
  run({&one}, {.runs = 6}, slices);
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(turns_, 4 * 1 + 6);
}

TEST_F(SessionTest, ASliceWithoutARoundIsNotWarmedUp) {
  Shell one("one", ":");
  std::vector<Stage> slices;
  for (unsigned index = 0; index < 4; ++index) slices.push_back(stage_of(3).slice(index, 4));
  run({&one}, {.runs = 1}, slices);
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0}));
  EXPECT_EQ(turns_, 3 + 1);
}

TEST_F(SessionTest, ALaterSliceHasOneRunToWarmUp) {
  Shell one("one", ":");
  std::vector<Stage> slices;
  for (unsigned index = 0; index < 4; ++index) slices.push_back(stage_of(3).slice(index, 4));
  run({&one}, {.runs = 4}, slices);
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0, 1, 2, 3}));
  EXPECT_EQ(turns_, 3 + 1 + 3 * (1 + 1));
}

TEST_F(SessionTest, ABudgetEndsItButNotBelowTheLeastNumberOfRounds) {
  Shell slow("slow", "sleep 0.02"), quick("quick", ":");
  value_of_ = [](unsigned round) { return 1 + round; };  // never known well enough
  run({&slow, &quick}, {.budget_s = 2}, {stage_of(0)});
  EXPECT_GE(rounds(1).size(), 2U);
  EXPECT_LT(rounds(1).size(), 1000U);
}

TEST_F(SessionTest, ASlowRunnerTakesNoMoreOfTheRoundsThanIsFair) {
  Shell slow("slow", "sleep 0.4"), quick("quick", ":"), other("other", ":");
  value_of_ = [](unsigned round) { return 1 + round; };
  unsigned runs_of_slow = 0;
  on_turn_ = [&](const Entry& entry) { runs_of_slow += entry.result.name == "slow" ? 1 : 0; };
  Stage stage = stage_of(3);
  stage.least_rounds = 10;
  stage.most_rounds = 70;
  run({&slow, &quick, &other}, {.budget_s = 120}, {stage});
  EXPECT_EQ(rounds(1).size(), 70U);
  EXPECT_EQ(rounds(2), rounds(1));
  const std::vector<unsigned> of_slow = rounds(0);
  ASSERT_GE(of_slow.size(), kLeastForInterval);
  for (unsigned round = 0; round < kLeastForInterval; ++round) EXPECT_EQ(of_slow[round], round);
  // 400 ms are 32 to 64 times what is fair, or fewer where the machine is so busy that a shell takes 5 ms to begin.
  for (std::size_t i = kLeastForInterval; i < of_slow.size(); ++i) EXPECT_EQ(of_slow[i] % 8, 0U) << of_slow[i];
  EXPECT_EQ(runs_of_slow, of_slow.size() + 1);  // warmed up once
}

TEST_F(SessionTest, QuickRunnersHaveAQuarterOfTheTimeWhereSlowOnesHaveTakenAllOfIt) {
  Shell slow("slow", "sleep 0.5"), slower("slower", "sleep 0.6"), one("one", ":"), two("two", ":"), three("three", ":");
  value_of_ = [](unsigned round) { return 1 + round; };
  run({&slow, &slower, &one, &two, &three}, {.budget_s = 2}, {stage_of(0)});  // of which the two take 2.2
  EXPECT_LT(rounds(0).size(), 5U);                                            // two, and every 64th round
  EXPECT_LT(rounds(1).size(), 5U);
  EXPECT_GT(rounds(2).size(), 5U);
  EXPECT_LT(rounds(2).size(), 1000U);
}

TEST_F(SessionTest, WhereAllTakeLongAllHaveTheSameRounds) {
  Shell one("one", "sleep 0.1"), two("two", "sleep 0.06"), three("three", "sleep 0.05");
  value_of_ = [](unsigned round) { return 1 + round; };
  Stage stage = stage_of(0);
  stage.most_rounds = 20;
  run({&one, &two, &three}, {.budget_s = 120}, {stage});
  for (std::size_t index = 0; index < 3; ++index) EXPECT_EQ(rounds(index).size(), 20U) << index;
}

TEST_F(SessionTest, WithAnExactNumberOfRunsSlowRunnersHaveThemToo) {
  Shell slow("slow", "sleep 0.1"), quick("quick", ":"), other("other", ":");
  run({&slow, &quick, &other}, {.runs = 9}, {stage_of(2)});
  EXPECT_EQ(rounds(0).size(), 9U);
  EXPECT_EQ(turns_, 3U * (2 + 9));
}

TEST_F(SessionTest, ARunnerThatNeedsAllTheTimeHasOneSampleAndLeavesTheOthersAlone) {
  Shell slow("slow", "sleep 2.5"), quick("quick", ":");
  run({&slow, &quick}, {.budget_s = 2}, {stage_of(1)});
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0}));
  EXPECT_GE(rounds(1).size(), 2U);
}

TEST_F(SessionTest, WhoIsTooSlowSaysSoAndDoesNotRunInLaterSlices) {
  Shell slow("slow", "sleep 2.5"), quick("quick", ":");
  std::vector<Stage> slices;
  for (unsigned index = 0; index < 4; ++index) slices.push_back(stage_of(1).slice(index, 4));
  unsigned runs_of_slow = 0;
  value_of_ = [](unsigned) { return 1; };
  on_turn_ = [&](const Entry& entry) { runs_of_slow += entry.result.name == "slow" ? 1 : 0; };
  run({&slow, &quick}, {.budget_s = 4}, slices);
  EXPECT_EQ(runs_of_slow, 1U);
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0}));
  EXPECT_THAT(result(0).notes.at(kMetric), testing::StartsWith("left after 1 sample: a run takes too long"));
  EXPECT_GE(rounds(1).size(), 4U);
  EXPECT_FALSE(result(1).notes.contains(kMetric));
}

TEST_F(SessionTest, WhoIsTooSlowSaysSoAlsoWhenNobodyElseIsThere) {
  Shell slow("slow", "sleep 2.5");
  run({&slow}, {.budget_s = 2}, {stage_of(0)});
  EXPECT_EQ(rounds(0), (std::vector<unsigned>{0}));
  ASSERT_TRUE(result(0).notes.contains(kMetric));
  EXPECT_THAT(result(0).notes.at(kMetric), testing::StartsWith("left after 1 sample: a run takes too long"));
}

TEST_F(SessionTest, ASpentBudgetStillHasTheLeastRoundsOfEverySlice) {
  Shell quick("quick", ":"), first("first", "sleep 3");
  std::vector<Stage> stages = {stage_of(0)};
  stages[0].metrics = {"other_ns"};
  stages[0].least_rounds = 1;
  stages[0].most_rounds = 1;
  for (unsigned index = 0; index < 2; ++index) stages.push_back(stage_of(1).slice(index, 2));
  run({&first, &quick}, {.budget_s = 2}, stages);
  EXPECT_GE(rounds(1).size(), 2U);
}

TEST_F(SessionTest, AnyExceptionIsTheRunnersOwn) {
  class Throws : public Shell {
   public:
    using Shell::Shell;
    std::vector<std::string> command(const Invocation&) override {
      throw std::filesystem::filesystem_error("full", {});
    }
  };
  Throws bad("bad", ":");
  Shell good("good", ":");
  run({&bad, &good}, {.runs = 2}, {stage_of(0)});
  EXPECT_EQ(result(0).status, Status::kFailed);
  EXPECT_THAT(result(0).note, testing::HasSubstr("full"));
  EXPECT_EQ(rounds(1).size(), 2U);
}

TEST_F(SessionTest, WhatARunnerCannotDoIsNoFailure) {
  class Picky : public Shell {
   public:
    using Shell::Shell;
    std::string objection(const Invocation&) const override { return "only on Sundays"; }
  };
  Picky picky("picky", ":");
  Shell good("good", ":");
  run({&picky, &good}, {.runs = 2}, {stage_of(0)});
  EXPECT_EQ(result(0).status, Status::kNotAvailable);
  EXPECT_EQ(result(0).note, "not supported: only on Sundays");
  EXPECT_EQ(picky.clean_ups, 0U);
  EXPECT_EQ(rounds(1).size(), 2U);
}

TEST_F(SessionTest, AFailureIsTheRunnersOwn) {
  Shell bad("bad", "echo the reason >&2; exit 4"), good("good", ":");
  run({&bad, &good}, {.runs = 3}, {stage_of(1)});
  EXPECT_EQ(result(0).status, Status::kFailed);
  EXPECT_NE(result(0).note.find("exit status 4: the reason"), std::string::npos) << result(0).note;
  EXPECT_EQ(bad.clean_ups, 1U);
  EXPECT_EQ(rounds(1).size(), 3U);
  EXPECT_EQ(result(1).status, Status::kMeasured);
}

TEST_F(SessionTest, ARunnerThatHangsIsEndedInTime) {
  adopt_orphans();
  Shell hangs("hangs", "sleep 1000"), good("good", ":");
  run({&hangs, &good}, {.runs = 2, .timeout_ms = 2'000}, {stage_of(0)});
  EXPECT_EQ(result(0).status, Status::kFailed);
  EXPECT_EQ(rounds(1).size(), 2U);
  EXPECT_TRUE(orphans().empty());
}

TEST_F(SessionTest, ARunThatTheBudgetHasNoTimeForIsCutShortWhereThatIsAllowed) {
  Shell endless("endless", "sleep 1000"), good("good", ":");
  Stage stage = stage_of(1);
  stage.may_cut_runs = true;
  run({&endless, &good}, {.budget_s = 1.5}, {stage});
  EXPECT_EQ(result(0).status, Status::kMeasured);
  EXPECT_TRUE(rounds(0).empty());
  EXPECT_THAT(result(0).notes.at(kMetric), testing::MatchesRegex("over [23].[0-9] s: cut short.*"));
  EXPECT_GE(rounds(1).size(), 2U);
}

TEST_F(SessionTest, ARunIsNotCutShortBeforeItHasHadASecond) {
  Shell endless("endless", "sleep 1000");
  Stage stage = stage_of(1);
  stage.may_cut_runs = true;
  run({&endless}, {.budget_s = 0.1}, {stage});
  EXPECT_THAT(result(0).notes.at(kMetric), testing::StartsWith("over 1.0 s: cut short"));
}

TEST_F(SessionTest, WhoLeavesAMeasurementEarlyIsSaidToHaveDoneSo) {
  adopt_orphans();
  // Its second run fails; the measurement is not essential.
  const test::TemporaryTree tree;
  Shell once("once", "mkdir " + tree / "done"), good("good", ":");
  Stage stage = stage_of(0);
  stage.is_essential = false;
  run({&once, &good}, {.runs = 3}, {stage});
  EXPECT_EQ(result(0).status, Status::kMeasured);
  EXPECT_EQ(rounds(0).size(), 1U);
  EXPECT_EQ(result(0).notes.at(kMetric).substr(0, 29), "left after 1 sample: failed: ");
  EXPECT_EQ(rounds(1).size(), 3U);
}

TEST_F(SessionTest, ALaterSliceIsNotShorterThanTheFirst) {
  Shell one("one", ":");
  std::vector<Stage> slices;
  for (unsigned index = 0; index < 4; ++index) slices.push_back(stage_of(0).slice(index, 4));
  run({&one}, {.budget_s = 400}, slices);  // the intervals of constants are narrow at once
  const std::size_t all = rounds(0).size();
  EXPECT_EQ(all % 4, 0U) << all;
  EXPECT_GE(all, 4 * kLeastForInterval);
  EXPECT_LT(all, 1000U);
}

class Untidy : public Shell {
 public:
  using Shell::Shell;
  void clean_up() override { throw Error("remove", "its container", "it does not want to go"); }
};

TEST_F(SessionTest, ACleanUpThatFailsIsSaidAndEndsNothing) {
  Untidy untidy("untidy", "exit 1");
  Shell good("good", ":");
  run({&untidy, &good}, {.runs = 2}, {stage_of(0)});
  session_->clean_up_all();
  EXPECT_NE(result(0).note.find("not tidied up: cannot remove its container"), std::string::npos) << result(0).note;
  EXPECT_EQ(rounds(1).size(), 2U);
}

TEST_F(SessionTest, ChildrenThatWereThereBeforeAreNobodysLeftovers) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  adopt_orphans();
  Shell good("good", ":");
  run({&good}, {.runs = 1, .patience_ms = 50}, {stage_of(0)});
  EXPECT_EQ(result(0).status, Status::kMeasured);
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

TEST_F(SessionTest, WhatARunLeavesInTheBackgroundIsWaitedFor) {
  adopt_orphans();
  Shell leaves("leaves", "setsid sleep 0.05 & exit 0");
  run({&leaves}, {.runs = 2}, {stage_of(0)});
  EXPECT_EQ(result(0).status, Status::kMeasured);
  EXPECT_EQ(rounds(0).size(), 2U);
  EXPECT_TRUE(orphans().empty());
}

TEST_F(SessionTest, ARunnerThatLeavesProcessesRunningHasFailedAndTheyAreKilled) {
  adopt_orphans();
  Shell leaves("leaves", "setsid sleep 1000 & exit 0");
  run({&leaves}, {.runs = 2, .patience_ms = 50}, {stage_of(0)});
  EXPECT_EQ(result(0).status, Status::kFailed);
  EXPECT_NE(result(0).note.find("left processes"), std::string::npos) << result(0).note;
  EXPECT_TRUE(orphans().empty());
}

}  // namespace
}  // namespace husk::compare
