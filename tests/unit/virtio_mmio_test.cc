// The virtio-mmio transport: its registers, the order in which a driver may use them, and what it does about one that
// does not keep the order.
#include "devices/virtio/mmio.h"

#include <gtest/gtest.h>

#include "tests/unit/fake_driver.h"

namespace husk::virtio {
namespace {

using namespace husk::test;

// Echoes nothing, counts everything.
class ProbeDevice final : public Device {
 public:
  std::uint32_t id() const override { return 42; }
  std::string_view name() const override { return "probe"; }
  std::uint64_t features() const override { return 0b101; }
  std::span<const std::uint16_t> queue_sizes() const override { return sizes_; }
  void read_config(std::uint64_t offset, std::span<std::byte> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(offset + i);
  }
  void write_config(std::uint64_t offset, std::span<const std::byte> in) override {
    config_writes.emplace_back(offset, in.size());
  }
  void activate(Transport& transport, std::uint64_t features) override {
    ++activations;
    active_features = features;
    transport_ = &transport;
  }
  void process_queue(std::size_t index) override {
    processed.push_back(index);
    Chain chain;
    while (transport_->queue(index).pop(chain)) {
      if (transport_->queue(index).push(chain, 0)) transport_->interrupt_used();
    }
  }
  void reset() override { ++resets; }

  int activations = 0;
  int resets = 0;
  std::uint64_t active_features = 0;
  std::vector<std::size_t> processed;
  std::vector<std::pair<std::uint64_t, std::size_t>> config_writes;

 private:
  static constexpr std::uint16_t kSizes[] = {8, 64};
  std::span<const std::uint16_t> sizes_ = kSizes;
  Transport* transport_ = nullptr;
};

class MmioTest : public ::testing::Test {
 protected:
  void bring_up() {
    driver_.negotiate(0b001);
    driver_.set_queue(0, queue_.layout);
    driver_.driver_ok();
    ASSERT_EQ(driver_.read(kStatus), 15U);
  }

  FakeRam ram_;
  ProbeDevice device_;
  ManualEventLoop loop_;
  FakeDriver driver_{device_, ram_, loop_};
  FakeDriverQueue queue_{ram_, 0x1000, 8};
};

TEST_F(MmioTest, SaysWhatItIs) {
  EXPECT_EQ(driver_.read(kMagicValue), 0x74726976U);
  EXPECT_EQ(driver_.read(kVersion), 2U);
  EXPECT_EQ(driver_.read(kDeviceId), 42U);
  EXPECT_EQ(driver_.read(kStatus), 0U);
  EXPECT_EQ(driver_.read(kShmLenLow), 0xffff'ffffU);
  EXPECT_EQ(driver_.offered_features(), 0b101 | kFeatureVersion1 | kFeatureIndirectDesc | kFeatureEventIdx);
  driver_.write(kDeviceFeaturesSel, 2);
  EXPECT_EQ(driver_.read(kDeviceFeatures), 0U);
  EXPECT_TRUE(driver_.faults.empty());
}

TEST_F(MmioTest, QueueMaximaBelongToTheSelectedQueue) {
  EXPECT_EQ(driver_.read(kQueueNumMax), 8U);
  driver_.write(kQueueSel, 1);
  EXPECT_EQ(driver_.read(kQueueNumMax), 64U);
  driver_.write(kQueueSel, 2);
  EXPECT_EQ(driver_.read(kQueueNumMax), 0U) << "section 4.2.2: 0 says that there is no such queue";
  driver_.write(kQueueSel, 0xffff'ffff);
  EXPECT_EQ(driver_.read(kQueueNumMax), 0U);
}

TEST_F(MmioTest, FullHandshakeActivatesOnce) {
  bring_up();
  EXPECT_EQ(device_.activations, 1);
  EXPECT_EQ(device_.active_features, 0b001 | kFeatureVersion1);
  EXPECT_EQ(driver_.read(kQueueReady), 1U);
  driver_.write(kStatus, 15);
  EXPECT_EQ(device_.activations, 1);
  EXPECT_TRUE(driver_.faults.empty());
}

TEST_F(MmioTest, FeaturesThatAreNotOfferedAreRefused) {
  driver_.negotiate(0b010);
  EXPECT_EQ(driver_.read(kStatus), kStatusAcknowledge | kStatusDriver);
  driver_.driver_ok();
  EXPECT_EQ(device_.activations, 0);
  EXPECT_EQ(driver_.read(kStatus), kStatusAcknowledge | kStatusDriver);
}

TEST_F(MmioTest, Version1IsAMust) {
  driver_.write(kStatus, 3);
  driver_.accept_features(0b001);
  driver_.write(kStatus, 11);
  EXPECT_EQ(driver_.read(kStatus), 3U);
}

TEST_F(MmioTest, DriverOkWithoutFeaturesOkIsRefused) {
  driver_.write(kStatus, 3);
  driver_.write(kStatus, 7);
  EXPECT_EQ(driver_.read(kStatus), 3U);
  EXPECT_EQ(device_.activations, 0);
  EXPECT_EQ(driver_.faults.size(), 1U);
}

TEST_F(MmioTest, FeaturesCannotChangeAfterFeaturesOk) {
  driver_.negotiate(0b001);
  driver_.accept_features(0b100 | kFeatureVersion1);
  driver_.driver_ok();
  EXPECT_EQ(device_.active_features, 0b001 | kFeatureVersion1);
}

TEST_F(MmioTest, StatusBitsCannotBeClearedOneByOne) {
  bring_up();
  driver_.write(kStatus, 3);
  EXPECT_EQ(driver_.read(kStatus), 15U);
}

TEST_F(MmioTest, QueueCannotBeReadyBeforeFeaturesOk) {
  driver_.set_queue(0, queue_.layout);
  EXPECT_EQ(driver_.read(kQueueReady), 0U);
}

TEST_F(MmioTest, ReadyQueueCannotBeMoved) {
  bring_up();
  driver_.set_layout(0, {.size = 4, .descriptors = Gpa{0}, .available = Gpa{0}, .used = Gpa{0}});
  EXPECT_EQ(driver_.faults.size(), 1U);
  queue_.descriptor(0, 0x8000, 1);
  queue_.offer(0);
  driver_.notify(0);
  EXPECT_EQ(queue_.used_index(), 1);
}

TEST_F(MmioTest, NotifyReachesTheDeviceAndInterruptsTheDriver) {
  bring_up();
  queue_.descriptor(0, 0x8000, 1);
  queue_.offer(0);
  driver_.notify(0);
  EXPECT_EQ(device_.processed, std::vector<std::size_t>{0});
  EXPECT_EQ(driver_.interrupt.raised, 1);
  EXPECT_EQ(driver_.read(kInterruptStatus), 1U);
  driver_.write(kInterruptAck, 1);
  EXPECT_EQ(driver_.read(kInterruptStatus), 0U);
}

TEST_F(MmioTest, NotifyOutOfPlaceReachesNothing) {
  driver_.notify(0);
  bring_up();
  driver_.notify(2);
  driver_.notify(0xffff'ffff);
  EXPECT_TRUE(device_.processed.empty());
}

TEST_F(MmioTest, BrokenQueueStopsTheDeviceUntilReset) {
  bring_up();
  queue_.descriptor(0, 0xffff'0000'0000, 1);
  queue_.offer(0);
  driver_.notify(0);
  EXPECT_EQ(driver_.read(kStatus), 15U | kStatusNeedsReset);
  EXPECT_EQ(driver_.read(kInterruptStatus) & 2, 2U) << "2.1.2: a configuration change notification";
  ASSERT_EQ(driver_.faults.size(), 1U);
  EXPECT_EQ(driver_.faults[0], describe(QueueError::kBufferOutsideRam));
  driver_.notify(0);
  EXPECT_EQ(device_.processed.size(), 1U) << "nothing is processed any more";

  const int resets = device_.resets;
  driver_.write(kStatus, 0);
  EXPECT_EQ(device_.resets, resets + 1);
  EXPECT_EQ(driver_.read(kStatus), 0U);
  EXPECT_EQ(driver_.read(kQueueReady), 0U);
  queue_.set_available_index(0);
  ram_.put<std::uint16_t>(queue_.layout.used.value + 2, 0);
  bring_up();
  queue_.descriptor(0, 0x8000, 1);
  queue_.offer(0);
  driver_.notify(0);
  EXPECT_EQ(queue_.used_index(), 1);
}

TEST_F(MmioTest, BadLayoutNeedsReset) {
  driver_.negotiate(0);
  queue_.layout.used.value += 2;
  driver_.set_queue(0, queue_.layout);
  EXPECT_EQ(driver_.read(kQueueReady), 0U);
  EXPECT_TRUE(driver_.read(kStatus) & kStatusNeedsReset);
  driver_.driver_ok();
  EXPECT_EQ(device_.activations, 0) << "a device that needs a reset does not start";
}

TEST_F(MmioTest, QueueSizeThatDoesNotFitIn16BitsIsNotTruncated) {
  driver_.negotiate(0);
  driver_.set_layout(0, queue_.layout);
  driver_.write(kQueueNum, 0x1'0008);
  driver_.write(kQueueReady, 1);
  EXPECT_EQ(driver_.read(kQueueReady), 0U);
  EXPECT_TRUE(driver_.read(kStatus) & kStatusNeedsReset);
}

TEST_F(MmioTest, OddAccessesReadZeroAndAreNamedOnce) {
  for (std::size_t width : {1U, 2U, 8U}) {
    std::vector<std::byte> data(width, std::byte{0xff});
    driver_.transport.read(kMagicValue, data);
    EXPECT_EQ(data, std::vector<std::byte>(width, std::byte{0}));
    driver_.transport.write(kStatus, data);
  }
  EXPECT_EQ(driver_.read(0x002), 0U);
  EXPECT_EQ(driver_.read(0x0f0), 0U);
  driver_.write(kMagicValue, 1);
  driver_.write(kDeviceId, 1);
  EXPECT_EQ(driver_.read(kStatus), 0U);
  EXPECT_EQ(driver_.faults.size(), 1U) << "once per reset";
}

TEST_F(MmioTest, ConfigurationSpaceTakesEveryWidth) {
  std::byte byte{};
  driver_.transport.read(kConfig + 3, std::span(&byte, 1));
  EXPECT_EQ(byte, std::byte{3});
  EXPECT_EQ(driver_.read(kConfig + 4), 0x07060504U);
  driver_.transport.write(kConfig + 1, std::span(&byte, 1));
  EXPECT_EQ(device_.config_writes, (std::vector<std::pair<std::uint64_t, std::size_t>>{{1, 1}}));
}

TEST_F(MmioTest, ConfigChangeIsANewGenerationAndAnInterrupt) {
  driver_.transport.notify_config_changed();
  EXPECT_EQ(driver_.interrupt.raised, 0) << "nobody is there yet";
  bring_up();
  const std::uint32_t before = driver_.read(kConfigGeneration);
  driver_.transport.notify_config_changed();
  EXPECT_NE(driver_.read(kConfigGeneration), before);
  EXPECT_EQ(driver_.interrupt.raised, 1);
  EXPECT_EQ(driver_.read(kInterruptStatus), 2U);
}

}  // namespace
}  // namespace husk::virtio
