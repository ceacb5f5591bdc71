#include "task/run_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

namespace kernel::task {
namespace {

constexpr std::uint64_t kMs = 1'000'000;

// One CPU on which tasks compute: whoever is first runs for its slice.
class RunQueueTest : public ::testing::Test {
 protected:
  SchedulingEntity& add(SchedulingParameters parameters = {}) {
    entities_.push_back(std::make_unique<SchedulingEntity>());
    SchedulingEntity& entity = *entities_.back();
    queue.set_parameters(entity, parameters, now);
    queue.add_woken(entity, now);
    return entity;
  }
  void run(std::uint64_t ns) {
    for (const std::uint64_t end = now + ns; now < end;) {
      SchedulingEntity* next = queue.take_first();
      if (!next) return;
      const std::uint64_t slice = std::min(queue.slice_ns(*next, now), 1000 * kMs);
      now += slice;
      had[next] += slice;
      queue.charge(*next, slice, now);
      queue.add_preempted(*next, now);
    }
  }

  RunQueue queue;
  std::uint64_t now = 1;
  std::map<const SchedulingEntity*, std::uint64_t> had;

 private:
  std::vector<std::unique_ptr<SchedulingEntity>> entities_;
};

TEST_F(RunQueueTest, EqualTasksHaveTheSame) {
  std::vector<const SchedulingEntity*> tasks;
  for (int i = 0; i < 7; ++i) tasks.push_back(&add());
  run(2000 * kMs);
  for (const SchedulingEntity* task : tasks) EXPECT_NEAR(had[task], 2000 * kMs / 7, 12 * kMs);
}

TEST_F(RunQueueTest, NiceValuesDivideAsOnLinux) {
  const SchedulingEntity& normal = add();
  const SchedulingEntity& nice5 = add({.nice = 5});
  const SchedulingEntity& idle = add({.policy = Policy::kIdle});
  run(20'000 * kMs);
  EXPECT_NEAR(static_cast<double>(had[&normal]) / had[&nice5], 1024.0 / 335, 0.2);
  EXPECT_GT(had[&idle], 0u);
  EXPECT_LT(had[&idle], had[&normal] / 100);
}

TEST_F(RunQueueTest, WhoHasSleptIsNextButKeepsNobodyOut) {
  SchedulingEntity& sleeper = add();
  EXPECT_EQ(queue.take_first(), &sleeper);  // and does not come back for a while
  const SchedulingEntity& a = add();
  const SchedulingEntity& b = add();
  run(5000 * kMs);
  SchedulingEntity* running = queue.take_first();
  queue.charge(*running, 5 * kMs, now);
  queue.add_woken(sleeper, now);
  EXPECT_TRUE(RunQueue::preempts(sleeper, *running));
  queue.add_preempted(*running, now);
  had.clear();
  run(300 * kMs);
  EXPECT_NEAR(had[&sleeper], 100 * kMs, 25 * kMs);
  EXPECT_NEAR(had[&a], 100 * kMs, 25 * kMs);
  EXPECT_NEAR(had[&b], 100 * kMs, 25 * kMs);
}

TEST_F(RunQueueTest, MakingChildrenGainsNoTime) {
  const SchedulingEntity& alone = add();
  SchedulingEntity* maker = &add();
  std::vector<std::unique_ptr<SchedulingEntity>> children;
  std::uint64_t with_children = 0, without = 0;
  // The maker makes one child whenever it runs; that one does the same, and ends.
  for (int i = 0; i < 2000; ++i) {
    SchedulingEntity* next = queue.take_first();
    now += kMs;
    queue.charge(*next, kMs, now);
    if (next == &alone) {
      without += kMs;
      queue.add_preempted(*next, now);
      continue;
    }
    with_children += kMs;
    children.push_back(std::make_unique<SchedulingEntity>());
    queue.start(*children.back(), *next);
    queue.add_woken(*children.back(), now);
  }
  (void)maker;
  EXPECT_GT(without, with_children / 3);
}

TEST_F(RunQueueTest, RealtimeComesFirstByPriority) {
  const SchedulingEntity& fair = add({.nice = -20});
  SchedulingEntity& low = add({.policy = Policy::kFifo, .priority = 1});
  SchedulingEntity& high = add({.policy = Policy::kRoundRobin, .priority = 50});
  SchedulingEntity& also_high = add({.policy = Policy::kRoundRobin, .priority = 50});
  EXPECT_TRUE(RunQueue::preempts(low, fair));
  EXPECT_TRUE(RunQueue::preempts(high, low));
  EXPECT_FALSE(RunQueue::preempts(low, high));
  EXPECT_FALSE(RunQueue::preempts(fair, low));
  EXPECT_EQ(queue.take_first(), &high);
  queue.add_preempted(high, now);  // its turn is over
  EXPECT_EQ(queue.take_first(), &also_high);
  EXPECT_EQ(queue.take_first(), &high);
  EXPECT_EQ(queue.take_first(), &low);
  SchedulingEntity& later = add({.policy = Policy::kFifo, .priority = 1});
  queue.add_preempted(low, now);  // keeps its place
  EXPECT_EQ(queue.take_first(), &low);
  EXPECT_EQ(queue.take_first(), &later);
  EXPECT_EQ(queue.take_first(), &fair);
}

TEST_F(RunQueueTest, RealtimeLeavesSomethingToTheOthers) {
  const SchedulingEntity& fair = add();
  const SchedulingEntity& realtime = add({.policy = Policy::kFifo, .priority = 99});
  run(10'000 * kMs);
  EXPECT_GT(had[&fair], 200 * kMs);
  EXPECT_GT(had[&realtime], 9000 * kMs);
}

TEST_F(RunQueueTest, WhoYieldsIsNotBehindForEver) {
  SchedulingEntity& yields = add();
  SchedulingEntity& computes = add();
  SchedulingEntity* running = queue.take_first();
  unsigned turns = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t ns = running == &yields ? 1000 : 4 * kMs;
    queue.charge(*running, ns, now += ns);
    if (running == &yields) {
      ++turns;
      running = queue.take_first();
      EXPECT_EQ(running, &computes);
      queue.add_yielding(yields, now);
    } else {
      queue.add_preempted(computes, now);
      running = queue.take_first();
    }
  }
  EXPECT_GT(turns, 200u);
  if (running == &yields) queue.add_preempted(yields, now);
  if (running == &computes) queue.add_preempted(computes, now);
  run(200 * kMs);
  EXPECT_GT(had[&yields], 60 * kMs);
  EXPECT_GT(had[&computes], 60 * kMs);
}

TEST_F(RunQueueTest, AChangeMovesWhoWaits) {
  SchedulingEntity& first = add();
  SchedulingEntity& second = add();
  queue.set_parameters(second, {.policy = Policy::kFifo, .priority = 1}, now);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.take_first(), &second);
  queue.set_parameters(second, {}, now);
  EXPECT_FALSE(second.queued());
  EXPECT_EQ(queue.take_first(), &first);
  EXPECT_TRUE(queue.empty());
}

TEST_F(RunQueueTest, WhoChangesItsWeightOwesTimeAndNotWhatThatWasBefore) {
  SchedulingEntity& changes = add({.policy = Policy::kIdle});
  EXPECT_EQ(queue.take_first(), &changes);
  SchedulingEntity& computes = add();
  queue.charge(changes, 10 * kMs, now);  // 3.4 s for a task of nice 0
  queue.add_preempted(changes, now);
  queue.set_parameters(changes, {}, now);
  run(200 * kMs);
  EXPECT_NEAR(had[&changes], 100 * kMs, 25 * kMs);
  EXPECT_NEAR(had[&computes], 100 * kMs, 25 * kMs);
}

TEST_F(RunQueueTest, WhoComesBackOwesTwoTurnsAtMost) {
  SchedulingEntity& sleeper = add();
  EXPECT_EQ(queue.take_first(), &sleeper);
  SchedulingEntity& computes = add();
  queue.charge(sleeper, 5000 * kMs, now);  // the host had the CPU meanwhile
  queue.add_woken(sleeper, now);
  run(200 * kMs);
  EXPECT_NEAR(had[&sleeper], 90 * kMs, 25 * kMs);
  EXPECT_NEAR(had[&computes], 110 * kMs, 25 * kMs);
}

TEST_F(RunQueueTest, WhoWaitsBehindARealtimeTaskKeepsTheFloorDown) {
  SchedulingEntity& idle = add({.policy = Policy::kIdle});
  EXPECT_EQ(queue.take_first(), &idle);
  const SchedulingEntity& waits = add();
  SchedulingEntity& realtime = add({.policy = Policy::kFifo, .priority = 1});
  queue.charge(idle, 10 * kMs, now);
  queue.add_preempted(idle, now);
  EXPECT_EQ(queue.take_first(), &realtime);  // and sleeps
  const SchedulingEntity& later = add();     // not 3.4 s behind the one that waits
  run(200 * kMs);
  EXPECT_NEAR(had[&waits], 100 * kMs, 25 * kMs);
  EXPECT_NEAR(had[&later], 100 * kMs, 25 * kMs);
}

// Two tasks of SCHED_IDLE that yield bring it there in some hours.
TEST_F(RunQueueTest, VirtualTimeMayWrapAround) {
  const SchedulingEntity& one = add();
  const SchedulingEntity& other = add();
  constexpr std::uint64_t kStep = std::uint64_t{1} << 53;
  std::map<const SchedulingEntity*, int> turns;
  for (int i = 0; i < 5000; ++i) {
    SchedulingEntity* next = queue.take_first();
    ++turns[next];
    queue.charge(*next, kStep, now);
    queue.add_preempted(*next, now);
  }
  EXPECT_NEAR(turns[&one], 2500, 2);
  EXPECT_NEAR(turns[&other], 2500, 2);
}

TEST_F(RunQueueTest, ChildrenInheritUnlessTheyShallNot) {
  const SchedulingParameters realtime{.policy = Policy::kFifo, .nice = -3, .priority = 9};
  EXPECT_EQ(realtime.inherited().policy, Policy::kFifo);
  SchedulingParameters reset = realtime;
  reset.reset_on_fork = true;
  EXPECT_EQ(reset.inherited().policy, Policy::kOther);
  EXPECT_EQ(reset.inherited().priority, 0);
  EXPECT_EQ(reset.inherited().nice, 0);
  EXPECT_FALSE(reset.inherited().reset_on_fork);
}

}  // namespace
}  // namespace kernel::task
