// The device's side of a split virtqueue: what an honest driver may do, and every lie that a hostile one can tell.
#include "devices/virtio/queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "devices/virtio/features.h"
#include "tests/unit/fake_guest.h"

namespace husk::virtio {
namespace {

using test::FakeDriverQueue;
using test::FakeRam;
using test::kIndirect;
using test::kNext;
using test::kWrite;

constexpr std::uint16_t kSize = 8;
constexpr std::uint64_t kRings = 0x1000;
constexpr std::uint64_t kData = 0x10000;

class QueueTest : public ::testing::Test {
 protected:
  void enable(std::uint64_t features = kFeatureVersion1) {
    ASSERT_EQ(queue_.enable(driver_.layout, kSize, features), QueueError::kNone);
    queue_.begin_turn();
  }
  QueueError pop_error() {
    EXPECT_FALSE(queue_.pop(chain_));
    const QueueError error = queue_.error();
    if (error != QueueError::kNone) {
      EXPECT_FALSE(queue_.pop(chain_)) << "a broken queue must stay quiet";
    }
    return error;
  }

  FakeRam ram_;
  FakeDriverQueue driver_{ram_, kRings, kSize};
  Queue queue_{ram_.memory};
  Chain chain_;
};

TEST_F(QueueTest, EmptyQueueYieldsNothing) {
  enable();
  EXPECT_EQ(pop_error(), QueueError::kNone);
  EXPECT_FALSE(queue_.has_chain());
}

TEST_F(QueueTest, ChainArrivesInOrderAndAnswerIsSeen) {
  enable();
  ram_.put_text(kData, "hello, ");
  ram_.put_text(kData + 0x100, "world");
  driver_.descriptor(3, kData, 7, kNext, 5);
  driver_.descriptor(5, kData + 0x100, 5, kNext, 1);
  driver_.descriptor(1, kData + 0x200, 16, kWrite);
  driver_.offer(3);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(chain_.readable().size(), 2U);
  EXPECT_EQ(chain_.writable().size(), 1U);
  EXPECT_EQ(chain_.readable_bytes(), 12U);
  EXPECT_EQ(chain_.writable_bytes(), 16U);

  std::string text(12, '\0');
  EXPECT_EQ(chain_.copy_out(0, std::as_writable_bytes(std::span(text))), 12U);
  EXPECT_EQ(text, "hello, world");
  std::string tail(20, '\0');
  EXPECT_EQ(chain_.copy_out(9, std::as_writable_bytes(std::span(tail))), 3U);
  EXPECT_EQ(tail.substr(0, 3), "rld");

  const std::string answer = "0123456789abcdefTOO LONG";
  EXPECT_EQ(chain_.copy_in(0, std::as_bytes(std::span(answer))), 16U);
  EXPECT_EQ(ram_.get_text(kData + 0x200, 17), std::string("0123456789abcdef\0", 17));
  EXPECT_TRUE(queue_.push(chain_, 16));
  EXPECT_EQ(driver_.used_index(), 1);
  EXPECT_EQ(driver_.used(0), (FakeDriverQueue::Used{3, 16}));
}

TEST_F(QueueTest, IndicesWrapAround) {
  enable();
  for (unsigned i = 0; i < 70000; ++i) {
    const auto head = static_cast<std::uint16_t>(i % kSize);
    driver_.descriptor(head, kData + i % 1000, 1 + i % 7);
    driver_.offer(head);
    queue_.begin_turn();
    ASSERT_TRUE(queue_.pop(chain_)) << i;
    ASSERT_EQ(chain_.readable_bytes(), 1 + i % 7) << i;
    ASSERT_TRUE(queue_.push(chain_, 0));
    ASSERT_EQ(driver_.used_index(), static_cast<std::uint16_t>(i + 1));
    ASSERT_EQ(driver_.used(static_cast<std::uint16_t>(i)).id, head);
  }
}

TEST_F(QueueTest, FullQueueIsNoError) {
  enable();
  for (std::uint16_t i = 0; i < kSize; ++i) {
    driver_.descriptor(i, kData, 1);
    driver_.offer(i);
  }
  for (std::uint16_t i = 0; i < kSize; ++i) EXPECT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(pop_error(), QueueError::kNone);
}

TEST_F(QueueTest, LongestChainIsNoError) {
  enable();
  for (std::uint16_t i = 0; i < kSize; ++i) {
    driver_.descriptor(i, kData, 1, i + 1 < kSize ? kNext : std::uint16_t{0}, static_cast<std::uint16_t>(i + 1));
  }
  driver_.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(chain_.readable().size(), kSize);
}

TEST_F(QueueTest, BufferMayEndWhereRamEnds) {
  enable();
  driver_.descriptor(0, FakeRam::kSize - 16, 16);
  driver_.offer(0);
  EXPECT_TRUE(queue_.pop(chain_));
}

TEST_F(QueueTest, EmptyBuffersAreSkipped) {
  enable();
  driver_.descriptor(0, 0xffff'ffff'ffff'ffff, 0, kNext, 1);
  driver_.descriptor(1, kData, 4, kNext, 2);
  driver_.descriptor(2, kData, 0, kWrite);
  driver_.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(chain_.readable().size(), 1U);
  EXPECT_EQ(chain_.writable().size(), 0U);
}

TEST_F(QueueTest, ChainOfNothingIsAnEmptyChain) {
  enable();
  driver_.descriptor(0, 0, 0);
  driver_.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(chain_.readable_bytes() + chain_.writable_bytes(), 0U);
  EXPECT_TRUE(chain_.readable().empty());
}

// ---- interrupts and notifications

TEST_F(QueueTest, DriverCanDeclineInterrupts) {
  enable();
  driver_.set_available_flags(1);
  driver_.descriptor(0, kData, 1);
  driver_.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_FALSE(queue_.push(chain_, 0));
}

TEST_F(QueueTest, UsedEventChoosesTheInterrupt) {
  enable(kFeatureVersion1 | kFeatureEventIdx);
  driver_.set_used_event(1);  // interrupt when the second chain has been used
  driver_.descriptor(0, kData, 1);
  const bool expected[] = {false, true, false};
  for (bool interrupt : expected) {
    driver_.offer(0);
    ASSERT_TRUE(queue_.pop(chain_));
    EXPECT_EQ(queue_.push(chain_, 0), interrupt);
  }
}

TEST_F(QueueTest, SuppressionUsesTheFlagWithoutEventIdx) {
  enable();
  queue_.suppress_notifications(true);
  EXPECT_EQ(driver_.used_flags(), 1);
  queue_.suppress_notifications(false);
  EXPECT_EQ(driver_.used_flags(), 0);
}

TEST_F(QueueTest, EmptyQueueAsksForTheNextChainWithEventIdx) {
  enable(kFeatureVersion1 | kFeatureEventIdx);
  driver_.descriptor(0, kData, 1);
  driver_.offer(0);
  driver_.offer(0);
  EXPECT_TRUE(queue_.pop(chain_));
  EXPECT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(driver_.available_event(), 0) << "moved only when the queue is found empty";
  EXPECT_FALSE(queue_.pop(chain_));
  EXPECT_EQ(driver_.available_event(), 2);
  queue_.suppress_notifications(true);
  driver_.offer(0);
  EXPECT_TRUE(queue_.pop(chain_));
  EXPECT_FALSE(queue_.has_chain());
  EXPECT_EQ(driver_.available_event(), 2) << "suppressed: the driver is not asked";
  queue_.suppress_notifications(false);
  EXPECT_FALSE(queue_.has_chain());
  EXPECT_EQ(driver_.available_event(), 3);
  EXPECT_EQ(driver_.used_flags(), 0) << "2.7.10: the flag is for queues without event index";
}

// ---- indirect descriptors

class IndirectQueueTest : public QueueTest {
 protected:
  static constexpr std::uint64_t kTable = 0x8000;
  void SetUp() override { enable(kFeatureVersion1 | kFeatureIndirectDesc); }
};

TEST_F(IndirectQueueTest, TableIsFollowed) {
  driver_.descriptor_at(kTable, kData, 3, kNext, 2);
  driver_.descriptor_at(kTable + 32, kData + 64, 5, kWrite, 0);
  driver_.descriptor(4, kTable, 48, kIndirect | kWrite);  // WRITE must be ignored here
  driver_.offer(4);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(chain_.readable_bytes(), 3U);
  EXPECT_EQ(chain_.writable_bytes(), 5U);
  EXPECT_TRUE(queue_.push(chain_, 5));
  EXPECT_EQ(driver_.used(0).id, 4U);
}

TEST_F(IndirectQueueTest, TableMayFollowDirectDescriptors) {
  driver_.descriptor(0, kData, 7, kNext, 1);
  driver_.descriptor(1, kTable, 16, kIndirect);
  driver_.descriptor_at(kTable, kData, 2, 0, 0);
  driver_.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  EXPECT_EQ(chain_.readable_bytes(), 9U);
}

TEST_F(IndirectQueueTest, TableInsideTableIsRefused) {
  driver_.descriptor(0, kTable, 16, kIndirect);
  driver_.descriptor_at(kTable, kTable, 16, kIndirect, 0);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kIndirectNested);
}

TEST_F(IndirectQueueTest, TableWithNextIsRefused) {
  driver_.descriptor(0, kTable, 16, kIndirect | kNext, 1);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kIndirectWithNext);
}

TEST_F(IndirectQueueTest, TableOutsideRamIsRefused) {
  driver_.descriptor(0, FakeRam::kSize - 8, 16, kIndirect);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kBufferOutsideRam);
}

TEST_F(IndirectQueueTest, IndexBeyondTableIsRefused) {
  driver_.descriptor(0, kTable, 32, kIndirect);
  driver_.descriptor_at(kTable, kData, 1, kNext, 2);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kDescriptorIndex);
}

TEST_F(IndirectQueueTest, LoopInsideTableIsFound) {
  driver_.descriptor(0, kTable, 16, kIndirect);
  driver_.descriptor_at(kTable, kData, 1, kNext, 0);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kDescriptorLoop);
}

class IndirectTableSizeTest : public IndirectQueueTest, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(IndirectTableSizeTest, IsRefused) {
  driver_.descriptor(0, kTable, GetParam(), kIndirect);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kIndirectTableSize);
}
INSTANTIATE_TEST_SUITE_P(Bad, IndirectTableSizeTest, ::testing::Values(0U, 1U, 15U, 17U, 16U * (kSize + 1), ~0U));

TEST_F(QueueTest, IndirectWithoutFeatureIsRefused) {
  enable();
  driver_.descriptor(0, kData, 16, kIndirect);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kIndirectUnexpected);
}

// ---- lies in descriptors and rings

struct BadBuffer {
  std::uint64_t address;
  std::uint32_t length;
};
class BadBufferTest : public QueueTest, public ::testing::WithParamInterface<BadBuffer> {};

TEST_P(BadBufferTest, IsRefused) {
  enable();
  driver_.descriptor(0, GetParam().address, GetParam().length);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kBufferOutsideRam);
}
INSTANTIATE_TEST_SUITE_P(Outside, BadBufferTest,
                         ::testing::Values(BadBuffer{FakeRam::kSize, 1}, BadBuffer{FakeRam::kSize - 1, 2},
                                           BadBuffer{0, FakeRam::kSize + 1}, BadBuffer{0, 0xffff'ffff},
                                           BadBuffer{0xffff'ffff'ffff'ffff, 1}, BadBuffer{0xffff'ffff'ffff'fff0, 0x20},
                                           BadBuffer{0x8000'0000'0000'0000, 16}));

TEST_F(QueueTest, HeadBeyondTableIsRefused) {
  enable();
  driver_.offer(kSize);
  EXPECT_EQ(pop_error(), QueueError::kDescriptorIndex);
}

TEST_F(QueueTest, NextBeyondTableIsRefused) {
  enable();
  driver_.descriptor(0, kData, 1, kNext, 0xffff);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kDescriptorIndex);
}

TEST_F(QueueTest, DescriptorThatPointsAtItselfIsFound) {
  enable();
  driver_.descriptor(0, kData, 1, kNext, 0);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kDescriptorLoop);
}

TEST_F(QueueTest, LoopOfEmptyDescriptorsIsFound) {
  enable();
  driver_.descriptor(0, 0, 0, kNext, 1);
  driver_.descriptor(1, 0, 0, kNext, 0);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kDescriptorLoop);
}

TEST_F(QueueTest, ReadableAfterWritableIsRefused) {
  enable();
  driver_.descriptor(0, kData, 1, kWrite | kNext, 1);
  driver_.descriptor(1, kData, 1);
  driver_.offer(0);
  EXPECT_EQ(pop_error(), QueueError::kReadableAfterWritable);
}

TEST_F(QueueTest, AvailableIndexJumpIsRefused) {
  enable();
  driver_.descriptor(0, kData, 1);
  driver_.set_available_index(kSize + 1);
  EXPECT_EQ(pop_error(), QueueError::kAvailIndexJump);
}

TEST_F(QueueTest, AvailableIndexThatGoesBackIsRefused) {
  enable();
  driver_.descriptor(0, kData, 1);
  driver_.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  driver_.set_available_index(0);
  EXPECT_EQ(pop_error(), QueueError::kAvailIndexJump);
}

TEST(QueueCapTest, OverlappingBuffersCannotMakeAChainLongerThanTheCap) {
  FakeRam ram;
  constexpr std::uint16_t kLarge = 256;
  FakeDriverQueue driver(ram, kRings, kLarge);
  for (std::uint16_t i = 0; i < kLarge; ++i) {
    driver.descriptor(i, 0, FakeRam::kSize, i + 1 < kLarge ? kNext : std::uint16_t{0},
                      static_cast<std::uint16_t>(i + 1));
  }
  driver.offer(0);
  Queue queue(ram.memory);
  ASSERT_EQ(queue.enable(driver.layout, kLarge, kFeatureVersion1), QueueError::kNone);
  queue.begin_turn();
  Chain chain;
  EXPECT_FALSE(queue.pop(chain));
  EXPECT_EQ(queue.error(), QueueError::kChainTooLong);
}

// ---- what must not be written

// On a host whose KVM shares the kernel's pages, the kernel's code is mapped PROT_READ: a device that writes there ends
// the VMM. FakeRam has such a part.
constexpr std::uint64_t kReadOnly = FakeRam::kReadOnlyStart;
constexpr std::uint64_t kReadOnlyEnd = FakeRam::kReadOnlyStart + FakeRam::kReadOnlySize;

TEST_F(QueueTest, UsedRingInReadOnlyMemoryIsRefused) {
  const std::uint64_t size = 6 + 8 * kSize;
  for (const std::uint64_t used : {kReadOnly, kReadOnly + 0x100, kReadOnly - 4, kReadOnlyEnd - 4}) {
    driver_.layout.used = Gpa{used};
    EXPECT_EQ(queue_.enable(driver_.layout, kSize, kFeatureVersion1), QueueError::kRingReadOnly) << used;
    EXPECT_FALSE(queue_.enabled());
  }
  for (const std::uint64_t used : {(kReadOnly - size) & ~std::uint64_t{3}, kReadOnlyEnd}) {
    driver_.layout.used = Gpa{used};
    EXPECT_EQ(queue_.enable(driver_.layout, kSize, kFeatureVersion1), QueueError::kNone) << used;
    queue_.begin_turn();
    queue_.suppress_notifications(true);
  }
}

TEST_F(QueueTest, WritableBufferInReadOnlyMemoryIsRefused) {
  const std::pair<std::uint64_t, std::uint32_t> buffers[] = {
      {kReadOnly, 1}, {kReadOnlyEnd - 1, 1}, {kReadOnly - 1, 2}, {kReadOnlyEnd - 1, 2}, {0, FakeRam::kSize}};
  for (const auto& [address, length] : buffers) {
    FakeDriverQueue driver(ram_, kRings, kSize);
    driver.set_available_index(0);
    ASSERT_EQ(queue_.enable(driver.layout, kSize, kFeatureVersion1), QueueError::kNone);
    queue_.begin_turn();
    driver.descriptor(0, address, length, kWrite);
    driver.offer(0);
    EXPECT_EQ(pop_error(), QueueError::kBufferReadOnly) << address;
  }
}

TEST_F(QueueTest, WhatIsOnlyReadMayBeReadOnly) {
  // A descriptor table of zeros, an available ring of zeros, a buffer of zeros.
  driver_.layout.descriptors = Gpa{kReadOnly};
  enable();
  driver_.offer(0);
  EXPECT_TRUE(queue_.pop(chain_));
  FakeDriverQueue other(ram_, kRings + 0x1000, kSize);
  const Gpa available = std::exchange(other.layout.available, Gpa{kReadOnly});
  ASSERT_EQ(queue_.enable(other.layout, kSize, kFeatureVersion1), QueueError::kNone);
  queue_.begin_turn();
  EXPECT_EQ(pop_error(), QueueError::kNone);
  other.layout.available = available;
  ASSERT_EQ(queue_.enable(other.layout, kSize, kFeatureVersion1), QueueError::kNone);
  queue_.begin_turn();
  other.descriptor(0, kReadOnly - 1, 2 + FakeRam::kReadOnlySize);
  other.offer(0);
  ASSERT_TRUE(queue_.pop(chain_));
  std::array<std::byte, 16> copy;
  EXPECT_EQ(chain_.copy_out(1, copy), copy.size());
}

// ---- turns

TEST_F(QueueTest, WithoutATurnThereIsNothing) {
  ASSERT_EQ(queue_.enable(driver_.layout, kSize, kFeatureVersion1), QueueError::kNone);
  driver_.descriptor(0, kData, 1);
  driver_.offer(0);
  EXPECT_FALSE(queue_.pop(chain_));
  EXPECT_EQ(queue_.allow(1), 0U);
  EXPECT_TRUE(queue_.unfinished());
  queue_.begin_turn();
  EXPECT_FALSE(queue_.unfinished());
  EXPECT_TRUE(queue_.pop(chain_));
}

TEST(QueueTurnTest, HasABudgetOfDescriptors) {
  FakeRam ram;
  constexpr std::uint16_t kLarge = 256;
  FakeDriverQueue driver(ram, kRings, kLarge);
  for (std::uint16_t i = 0; i < kLarge; ++i) {
    driver.descriptor(i, kData, 1, i % 64 != 63 ? kNext : std::uint16_t{0}, static_cast<std::uint16_t>(i + 1));
  }
  Queue queue(ram.memory);
  ASSERT_EQ(queue.enable(driver.layout, kLarge, kFeatureVersion1), QueueError::kNone);
  for (std::uint16_t i = 0; i < 6; ++i) driver.offer(static_cast<std::uint16_t>(64 * (i % 4)));
  Chain chain;
  queue.begin_turn();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.pop(chain)) << i;
  EXPECT_FALSE(queue.unfinished());
  EXPECT_FALSE(queue.pop(chain));
  EXPECT_TRUE(queue.unfinished());
  EXPECT_EQ(queue.error(), QueueError::kNone);
  queue.begin_turn();
  EXPECT_TRUE(queue.pop(chain));
  EXPECT_TRUE(queue.pop(chain));
  EXPECT_FALSE(queue.pop(chain));
  EXPECT_FALSE(queue.unfinished()) << "the ring is empty";
}

TEST_F(QueueTest, TurnHasABudgetOfBytes) {
  enable();
  driver_.descriptor(0, kData, 1);
  driver_.offer(0);
  EXPECT_EQ(queue_.allow(kTurnBytes - 1), kTurnBytes - 1);
  EXPECT_FALSE(queue_.unfinished());
  EXPECT_EQ(queue_.allow(5), 1U);
  EXPECT_TRUE(queue_.unfinished());
  EXPECT_FALSE(queue_.pop(chain_));
  queue_.begin_turn();
  EXPECT_TRUE(queue_.pop(chain_));
}

// ---- lies in the layout

class LayoutTest : public QueueTest {
 protected:
  QueueError enable_error() {
    const QueueError error = queue_.enable(driver_.layout, kSize, kFeatureVersion1);
    EXPECT_FALSE(queue_.enabled());
    EXPECT_FALSE(queue_.pop(chain_));
    return error;
  }
};

TEST_F(LayoutTest, SizeMustBeAPowerOfTwoWithinTheMaximum) {
  for (const unsigned size : {0U, 3U, 6U, 16U, 0x8000U, 0xffffU}) {
    driver_.layout.size = static_cast<std::uint16_t>(size);
    EXPECT_EQ(enable_error(), QueueError::kBadSize) << size;
  }
}

TEST_F(LayoutTest, PartsMustBeAligned) {
  const QueueLayout good = driver_.layout;
  driver_.layout.descriptors.value += 8;
  EXPECT_EQ(enable_error(), QueueError::kMisaligned);
  driver_.layout = good;
  driver_.layout.available.value += 1;
  EXPECT_EQ(enable_error(), QueueError::kMisaligned);
  driver_.layout = good;
  driver_.layout.used.value += 2;
  EXPECT_EQ(enable_error(), QueueError::kMisaligned);
}

TEST_F(LayoutTest, PartsMustBeInsideRam) {
  const QueueLayout good = driver_.layout;
  for (std::uint64_t address : {FakeRam::kSize - 16, FakeRam::kSize, std::size_t{0xffff'ffff'ffff'fff0}}) {
    driver_.layout = good;
    driver_.layout.descriptors = Gpa{address};
    EXPECT_EQ(enable_error(), QueueError::kRingOutsideRam) << address;
    driver_.layout = good;
    driver_.layout.available = Gpa{address};
    EXPECT_EQ(enable_error(), QueueError::kRingOutsideRam) << address;
    driver_.layout = good;
    driver_.layout.used = Gpa{address};
    EXPECT_EQ(enable_error(), QueueError::kRingOutsideRam) << address;
  }
}

TEST_F(QueueTest, EveryErrorHasItsOwnWords) {
  std::vector<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(QueueError::kWrongDirection); ++i) {
    const std::string_view words = describe(static_cast<QueueError>(i));
    EXPECT_NE(words, "unknown error") << i;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), words), 0) << words;
    seen.push_back(words);
  }
}

}  // namespace
}  // namespace husk::virtio
