#include "task/timer_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "task/timers.h"

namespace kernel::task {
namespace {

std::vector<std::uint64_t> g_fired;

void note(Timer& timer) {
  g_fired.push_back(timer.deadline_ns());
}

class TimerQueueTest : public ::testing::Test {
 protected:
  TimerQueueTest() { g_fired.clear(); }
  TimerQueue queue;
};

TEST_F(TimerQueueTest, FiresInOrderOfDeadlines) {
  Timer timers[5];
  const std::uint64_t deadlines[] = {50, 10, 40, 20, 30};
  for (int i = 0; i < 5; ++i) queue.arm(timers[i], deadlines[i], note);
  EXPECT_EQ(queue.next_ns(), 10u);
  queue.run_expired(30);
  EXPECT_EQ(g_fired, (std::vector<std::uint64_t>{10, 20, 30}));
  EXPECT_EQ(queue.next_ns(), 40u);
  queue.run_expired(1000);
  EXPECT_EQ(g_fired.size(), 5u);
  EXPECT_EQ(queue.next_ns(), TimerQueue::kNever);
}

TEST_F(TimerQueueTest, ATimerCanBeMovedAndCancelled) {
  Timer a;
  Timer b;
  queue.arm(a, 10, note);
  queue.arm(b, 20, note);
  queue.arm(a, 30, note);
  EXPECT_EQ(queue.next_ns(), 20u);
  b.cancel();
  EXPECT_FALSE(b.armed());
  b.cancel();  // no-op
  queue.run_expired(100);
  EXPECT_EQ(g_fired, (std::vector<std::uint64_t>{30}));
  EXPECT_FALSE(a.armed());
}

TEST_F(TimerQueueTest, ADestroyedTimerDoesNotFire) {
  {
    Timer gone;
    queue.arm(gone, 1, note);
  }
  queue.run_expired(10);
  EXPECT_TRUE(g_fired.empty());
}

TEST_F(TimerQueueTest, ACallbackMayArmAgain) {
  static TimerQueue* armed_in;
  armed_in = &queue;
  Timer periodic;
  queue.arm(periodic, 10, [](Timer& timer) {
    g_fired.push_back(timer.deadline_ns());
    armed_in->arm(timer, timer.deadline_ns() + 10, [](Timer& again) { g_fired.push_back(again.deadline_ns()); });
  });
  queue.run_expired(15);
  EXPECT_EQ(g_fired, (std::vector<std::uint64_t>{10}));
  EXPECT_EQ(queue.next_ns(), 20u);
  periodic.cancel();
}

TEST_F(TimerQueueTest, TheEndOfTimeDoesNotCome) {
  Timer never;
  Timer beyond;
  Timer soon;
  queue.arm(never, TimerQueue::kNever, note);
  queue.arm(beyond, ~std::uint64_t{0}, note);
  EXPECT_EQ(queue.next_ns(), TimerQueue::kNever);
  queue.arm(soon, 7, note);
  queue.run_expired(~std::uint64_t{0});
  EXPECT_EQ(g_fired, (std::vector<std::uint64_t>{7}));
  EXPECT_TRUE(never.armed());
}

// Against std::multimap, with every operation in random order.
TEST_F(TimerQueueTest, BehavesLikeASortedMap) {
  std::mt19937_64 random(7);
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 200; ++i) timers.push_back(std::make_unique<Timer>());
  std::map<Timer*, std::uint64_t> model;
  std::uint64_t now = 0;
  for (int step = 0; step < 50'000; ++step) {
    Timer& timer = *timers[random() % timers.size()];
    switch (random() % 4) {
      case 0:
      case 1: {
        const std::uint64_t deadline = now + 1 + random() % 1000;
        queue.arm(timer, deadline, note);
        model[&timer] = deadline;
        break;
      }
      case 2:
        timer.cancel();
        model.erase(&timer);
        break;
      case 3: {
        now += random() % 100;
        g_fired.clear();
        queue.run_expired(now);
        std::multimap<std::uint64_t, Timer*> due;
        for (const auto& [armed, deadline] : model) {
          if (deadline <= now) due.emplace(deadline, armed);
        }
        std::vector<std::uint64_t> expected;
        for (const auto& [deadline, armed] : due) {
          expected.push_back(deadline);
          model.erase(armed);
        }
        ASSERT_EQ(g_fired, expected);
        break;
      }
    }
    std::uint64_t next = TimerQueue::kNever;
    for (const auto& [armed, deadline] : model) next = std::min(next, deadline);
    ASSERT_EQ(queue.next_ns(), next);
  }
}

TEST(NextExpiryTest, SkipsWhatWasMissed) {
  EXPECT_EQ(next_expiry(1000, 1'000'000, 2000).ns, 1'001'000u);
  EXPECT_EQ(next_expiry(1000, 1'000'000, 2000).missed, 0u);
  const NextExpiry late = next_expiry(1'000'000, 1'000'000, 3'500'000);
  EXPECT_EQ(late.ns, 4'000'000u);
  EXPECT_EQ(late.missed, 2u);
}

TEST(NextExpiryTest, TinyIntervalsAreMerged) {
  const NextExpiry next = next_expiry(5000, 1, 5000);
  EXPECT_EQ(next.ns, 5000 + kMinimumTimerPeriodNs);
  EXPECT_EQ(next.missed, kMinimumTimerPeriodNs - 1);
}

TEST(NextExpiryTest, AHugeIntervalNeverComes) {
  EXPECT_EQ(next_expiry(5000, ~std::uint64_t{0} - 100, 6000).ns, TimerQueue::kNever);
  EXPECT_EQ(next_expiry(5000, ~std::uint64_t{0}, 6000).missed, 0u);
}

TEST(NextExpiryTest, IsAlwaysLaterThanNow) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t now = random() >> (random() % 63 + 1);
    const std::uint64_t expired = now - random() % (now + 1);
    const std::uint64_t interval = 1 + (random() >> (random() % 64));
    if (interval == 0) continue;
    ASSERT_GT(next_expiry(expired, interval, now).ns, now) << expired << " " << interval << " " << now;
  }
}

}  // namespace
}  // namespace kernel::task
