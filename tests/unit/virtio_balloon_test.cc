// The balloon: free page reporting, what is refused, and a driver that takes it for a balloon.
#include <gtest/gtest.h>

#include <sys/mman.h>

#include "abi/husk_abi.h"
#include "devices/virtio/balloon.h"
#include "tests/unit/fake_driver.h"

namespace husk {
namespace {

using namespace husk::test;
using virtio::Balloon;

constexpr std::uint64_t kPage = abi::kPageSize;
constexpr std::uint64_t kFree = 0x2'0000;  // an address of whole pages

class FakeOwner final : public virtio::MemoryOwner {
 public:
  bool give_back(std::span<std::byte> pages) override {
    pieces.push_back(pages.size());
    if (pieces.size() > willing) return false;
    return ::madvise(pages.data(), pages.size(), MADV_DONTNEED) == 0;
  }
  std::vector<std::size_t> pieces;
  std::size_t willing = SIZE_MAX;  // so many
};

class BalloonTest : public ::testing::Test {
 protected:
  void bring_up(std::uint64_t features) {
    driver_.negotiate(features);
    driver_.set_queue(Balloon::kInflateQueue, inflate_.layout);
    driver_.set_queue(Balloon::kReportingQueue, reports_.layout);
    driver_.driver_ok();
  }
  void report(std::uint16_t head) {
    reports_.offer(head);
    driver_.notify(Balloon::kReportingQueue);
  }
  // What is there is not zero.
  void use(std::uint64_t address, std::uint64_t pages) {
    for (std::uint64_t i = 0; i < pages; ++i) ram_.put(address + i * kPage, std::uint64_t{0x1234});
  }
  bool used(std::uint64_t address) { return ram_.get<std::uint64_t>(address) == 0x1234; }

  static constexpr std::uint64_t kReporting = virtio::kBalloonFeatureReporting | abi::kBalloonFeatureZeroes;

  FakeRam ram_;
  FakeOwner owner_;
  Balloon balloon_{owner_};
  ManualEventLoop loop_;
  FakeDriver driver_{balloon_, ram_, loop_};
  FakeDriverQueue inflate_{ram_, 0x1000, 16};
  FakeDriverQueue reports_{ram_, 0x2000, 64};
};

TEST_F(BalloonTest, WhatIsReportedIsZeroAfterwardsAndNothingElseIs) {
  bring_up(kReporting);
  use(kFree - kPage, 6);
  reports_.descriptor(0, kFree, 3 * kPage, kWrite);
  report(0);
  EXPECT_EQ(reports_.used(0), (FakeDriverQueue::Used{0, 3 * kPage}));
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_FALSE(used(kFree + i * kPage)) << i;
  EXPECT_TRUE(used(kFree - kPage) && used(kFree + 3 * kPage));
  EXPECT_EQ(driver_.interrupt.raised, 1);
}

// Linux puts all that it has into one chain.
TEST_F(BalloonTest, AChainOfManyBlocksIsOneReport) {
  bring_up(virtio::kBalloonFeatureReporting);
  for (std::uint16_t i = 0; i < 32; ++i) {
    use(kFree + 2 * i * kPage, 1);
    reports_.descriptor(i, kFree + 2 * i * kPage, kPage, i < 31 ? kWrite | kNext : kWrite, i + 1);
  }
  report(0);
  EXPECT_EQ(reports_.used(0), (FakeDriverQueue::Used{0, 32 * kPage}));
  for (std::uint64_t i = 0; i < 32; ++i) EXPECT_FALSE(used(kFree + 2 * i * kPage)) << i;
}

TEST_F(BalloonTest, PartsOfPagesAreRefusedAndWhatFollowsStays) {
  bring_up(kReporting);
  use(kFree, 6);
  reports_.descriptor(0, kFree, kPage, kWrite | kNext, 1);
  reports_.descriptor(1, kFree + kPage + 8, kPage, kWrite | kNext, 2);
  reports_.descriptor(2, kFree + 4 * kPage, kPage, kWrite);
  report(0);
  reports_.descriptor(3, kFree + 4 * kPage, kPage - 8, kWrite);
  report(3);
  EXPECT_EQ(reports_.used(0), (FakeDriverQueue::Used{0, kPage}));
  EXPECT_EQ(reports_.used(1), (FakeDriverQueue::Used{3, 0}));
  EXPECT_FALSE(used(kFree));
  EXPECT_TRUE(used(kFree + kPage) && used(kFree + 2 * kPage) && used(kFree + 4 * kPage));
}

TEST_F(BalloonTest, WhatItsOwnerKeepsIsNotCounted) {
  bring_up(kReporting);
  use(kFree, 2);
  owner_.willing = 1;
  reports_.descriptor(0, kFree, kPage, kWrite | kNext, 1);
  reports_.descriptor(1, kFree + kPage, kPage, kWrite);
  report(0);
  EXPECT_EQ(reports_.used(0), (FakeDriverQueue::Used{0, kPage}));
  EXPECT_TRUE(used(kFree + kPage));
  EXPECT_TRUE(driver_.faults.empty());
}

TEST_F(BalloonTest, ReadOnlyMemoryAndWhatIsNoMemoryNeedReset) {
  for (const std::uint64_t address : {FakeRam::kReadOnlyStart, std::uint64_t{FakeRam::kSize}, abi::kMmioBase}) {
    bring_up(kReporting);
    reports_.set_available_index(0);
    reports_.descriptor(0, address, kPage, kWrite);
    report(0);
    EXPECT_TRUE(driver_.read(kStatus) & virtio::kStatusNeedsReset) << address;
  }
  EXPECT_TRUE(owner_.pieces.empty());
  EXPECT_EQ(driver_.faults.size(), 3U);
}

TEST_F(BalloonTest, AReportIsWritable) {
  bring_up(kReporting);
  reports_.descriptor(0, kFree, kPage);
  report(0);
  EXPECT_TRUE(driver_.read(kStatus) & virtio::kStatusNeedsReset);
  EXPECT_TRUE(owner_.pieces.empty());
}

// The same block over and over, more than a turn's: what is left is the event loop's.
TEST_F(BalloonTest, AReportOfMuchTakesTurns) {
  bring_up(kReporting);
  constexpr std::uint32_t kBlock = 0x6'0000;
  constexpr std::uint16_t kBlocks = 64;
  for (std::uint16_t i = 0; i < kBlocks; ++i) {
    reports_.descriptor(i, kFree, kBlock, i + 1 < kBlocks ? kWrite | kNext : kWrite, i + 1);
  }
  report(0);
  constexpr std::uint64_t kTurn = virtio::kTurnBytes / Balloon::kTurnBytesOfPage * kPage;
  static_assert(kTurn < std::uint64_t{kBlock} * kBlocks);
  const auto taken = [this] {
    std::uint64_t sum = 0;
    for (const std::size_t piece : owner_.pieces) sum += piece;
    return sum;
  };
  EXPECT_EQ(taken(), kTurn);
  EXPECT_EQ(reports_.used_index(), 0U);
  // A request of another queue while the report waits is answered, and changes nothing of it.
  inflate_.descriptor(0, kFree, 16);
  inflate_.offer(0);
  driver_.notify(Balloon::kInflateQueue);
  EXPECT_EQ(inflate_.used(0), (FakeDriverQueue::Used{0, 0}));
  for (int i = 0; i < 8 && loop_.run_posted(); ++i) {
  }
  EXPECT_EQ(reports_.used(0), (FakeDriverQueue::Used{0, kBlock * kBlocks}));
  EXPECT_EQ(taken(), std::uint64_t{kBlock} * kBlocks);
}

TEST_F(BalloonTest, PoisonedPagesAreKept) {
  for (const std::uint32_t poison : {0U, 0xaaaa'aaaaU}) {
    driver_.negotiate(kReporting | virtio::kBalloonFeaturePagePoison);
    driver_.write(kConfig + 12, poison);
    driver_.set_queue(Balloon::kReportingQueue, reports_.layout);
    driver_.driver_ok();
    driver_.write(kConfig + 12, 0);  // too late
    EXPECT_EQ(driver_.read(kConfig + 12), poison);
    use(kFree, 1);
    reports_.set_available_index(0);
    reports_.descriptor(0, kFree, kPage, kWrite);
    report(0);
    EXPECT_EQ(used(kFree), poison != 0);
  }
}

TEST_F(BalloonTest, IsAnEmptyBalloon) {
  bring_up(kReporting);
  EXPECT_EQ(driver_.read(kConfig), 0U);
  driver_.write(kConfig + 4, 7);
  EXPECT_EQ(driver_.read(kConfig + 4), 7U);
  EXPECT_EQ(driver_.read(kConfig + 16), 0U);
  use(kFree, 1);
  ram_.put(0x1'0000, static_cast<std::uint32_t>(kFree / kPage));
  inflate_.descriptor(0, 0x1'0000, 4);
  inflate_.offer(0);
  driver_.notify(Balloon::kInflateQueue);
  EXPECT_EQ(inflate_.used(0), (FakeDriverQueue::Used{0, 0}));
  EXPECT_TRUE(used(kFree));
}

}  // namespace
}  // namespace husk
