// Devices that the VMM brings up for the guest (abi/husk_abi.h, "prepared virtqueues").
#include "devices/virtio/prepare.h"

#include <gtest/gtest.h>

#include "abi/husk_abi.h"
#include "devices/virtio/rng.h"
#include "tests/unit/fake_driver.h"

namespace husk::virtio {
namespace {

using namespace husk::test;

class PrepareTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kPage = 0x5000;
  FakeRam ram_;
  Rng rng_;
  ManualEventLoop loop_;
  FakeDriver driver_{rng_, ram_, loop_};
};

TEST_F(PrepareTest, GuestFindsARunningDevice) {
  const PreparedQueue queue{.index = 0, .page = Gpa{kPage}};
  ASSERT_TRUE(prepare_device(driver_.transport, 0, {&queue, 1}));
  EXPECT_EQ(driver_.read(kStatus), 15U);
  EXPECT_TRUE(driver_.faults.empty());
  EXPECT_EQ(driver_.interrupt.raised, 0);

  FakeDriverQueue guest(ram_, kPage, abi::kPreparedQueueSize);
  guest.layout.available = Gpa{kPage + abi::kPreparedAvailable};
  guest.layout.used = Gpa{kPage + abi::kPreparedUsed};
  guest.descriptor(0, 0x8000, 16, kWrite);
  guest.offer(0);
  driver_.notify(0);
  EXPECT_EQ(guest.used(0), (FakeDriverQueue::Used{0, 16}));
}

TEST_F(PrepareTest, GuestMayStartOver) {
  const PreparedQueue queue{.index = 0, .page = Gpa{kPage}};
  ASSERT_TRUE(prepare_device(driver_.transport, 0, {&queue, 1}));
  FakeDriverQueue own(ram_, 0x9000, 8);
  driver_.negotiate(0);
  driver_.set_queue(0, own.layout);
  driver_.driver_ok();
  own.descriptor(0, 0x8000, 8, kWrite);
  own.offer(0);
  driver_.notify(0);
  EXPECT_EQ(own.used_index(), 1);
}

TEST_F(PrepareTest, WhatCannotBeIsRefusedAndLeavesAResetDevice) {
  const PreparedQueue outside{.index = 0, .page = Gpa{FakeRam::kSize}};
  EXPECT_FALSE(prepare_device(driver_.transport, 0, {&outside, 1}));
  EXPECT_EQ(driver_.read(kStatus), 0U);
  const PreparedQueue good{.index = 0, .page = Gpa{kPage}};
  EXPECT_FALSE(prepare_device(driver_.transport, feature_bit(50), {&good, 1}));
  EXPECT_EQ(driver_.read(kStatus), 0U);
  EXPECT_TRUE(prepare_device(driver_.transport, 0, {&good, 1}));
}

}  // namespace
}  // namespace husk::virtio
