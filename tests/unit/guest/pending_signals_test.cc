#include <gtest/gtest.h>

#include "task/posix_timers.h"
#include "task/signal_state.h"

namespace kernel::task {
namespace {

SignalInfo make(int signal, std::uint64_t value) {
  SignalInfo info;
  info.signal = signal;
  info.sender.value = value;
  return info;
}

TEST(PendingSignalsTest, AStandardSignalIsPendingOnce) {
  PendingSignals pending;
  EXPECT_TRUE(pending.add(make(kSigUsr1, 1)));
  EXPECT_TRUE(pending.add(make(kSigUsr1, 2)));
  EXPECT_EQ(pending.queued, 1u);
  EXPECT_EQ(pending.take(kSigUsr1).sender.value, 1u);
  EXPECT_EQ(pending.set, 0u);
}

TEST(PendingSignalsTest, RealTimeSignalsQueueInOrder) {
  PendingSignals pending;
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(pending.add(make(kSigRtMin + 1, i)));
    EXPECT_TRUE(pending.add(make(kSigRtMin, 10 + i)));
  }
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(pending.set & signal_bit(kSigRtMin));
    EXPECT_EQ(pending.take(kSigRtMin).sender.value, 10 + i);
  }
  EXPECT_EQ(pending.set, signal_bit(kSigRtMin + 1));
  EXPECT_EQ(pending.queued, 3u);
}

TEST(PendingSignalsTest, TimersTakeTheirSignalsWithThem) {
  PendingSignals pending;
  const auto from_timer = [](int signal, int id) {
    SignalInfo info = make(signal, 0);
    info.padding = kFromPosixTimer;
    info.timer.id = id;
    return info;
  };
  EXPECT_TRUE(pending.add(from_timer(kSigUsr1, 1)));
  EXPECT_TRUE(pending.add(from_timer(kSigRtMin, 1)));
  EXPECT_TRUE(pending.add(make(kSigRtMin, 7)));
  EXPECT_TRUE(pending.add(from_timer(kSigUsr2, 2)));
  pending.discard_timer_signals();
  EXPECT_EQ(pending.set, signal_bit(kSigRtMin));
  EXPECT_EQ(pending.queued, 1u);
  EXPECT_EQ(pending.take(kSigRtMin).sender.value, 7u);
  EXPECT_EQ(pending.set, 0u);
  EXPECT_EQ(pending.queued, 0u);
}

// It waits for that one to be taken (task/posix_timers.h).
TEST(PendingSignalsTest, ATimersSignalIsQueuedBesideOneThatIsPending) {
  PendingSignals pending;
  SignalInfo of_timer = make(kSigUsr1, 0);
  of_timer.padding = kFromPosixTimer;
  EXPECT_TRUE(pending.add(make(kSigUsr1, 1)));
  EXPECT_TRUE(pending.add(of_timer));
  EXPECT_TRUE(pending.add(make(kSigUsr1, 2)));
  EXPECT_EQ(pending.queued, 2u);
  EXPECT_EQ(pending.take(kSigUsr1).padding, 0);
  EXPECT_EQ(pending.take(kSigUsr1).padding, kFromPosixTimer);
  EXPECT_EQ(pending.set, 0u);
}

TEST(PendingSignalsTest, DiscardRemovesAllOfASet) {
  PendingSignals pending;
  EXPECT_TRUE(pending.add(make(kSigCont, 1)));
  EXPECT_TRUE(pending.add(make(kSigRtMin, 2)));
  EXPECT_TRUE(pending.add(make(kSigRtMin, 3)));
  EXPECT_TRUE(pending.add(make(64, 4)));
  pending.discard(signal_bit(kSigRtMin) | signal_bit(kSigCont));
  EXPECT_EQ(pending.set, signal_bit(64));
  EXPECT_EQ(pending.queued, 1u);
  EXPECT_EQ(pending.take(64).sender.value, 4u);
}

TEST(AlternateStackTest, KnowsWhichStackPointersAreInIt) {
  AlternateStack stack{.base = 0x1000, .flags = 0, .padding = 0, .size = 0x1000};
  EXPECT_TRUE(stack.holds(0x2000));   // empty, but in use
  EXPECT_FALSE(stack.holds(0x1000));  // full: the next push would leave it
  EXPECT_FALSE(stack.holds(0x2001));
  stack.flags = AlternateStack::kAutoDisarm;
  EXPECT_FALSE(stack.holds(0x1800));
  EXPECT_TRUE(stack.contains(0x1800));
}

}  // namespace
}  // namespace kernel::task
