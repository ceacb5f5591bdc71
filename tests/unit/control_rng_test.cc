// The control device and the random number generator.
#include <gtest/gtest.h>

#include "abi/husk_abi.h"
#include "devices/control.h"
#include "devices/virtio/rng.h"
#include "tests/unit/fake_driver.h"

namespace husk {
namespace {

using namespace husk::test;
using abi::ControlRegister;

class FakeMachine final : public ControlHost {
 public:
  void guest_exited(std::uint8_t code, std::uint8_t signal) override { exits.emplace_back(code, signal); }
  void guest_panicked() override { ++panics; }
  void flush_guest_log() override { ++flushes; }
  std::uint32_t window_size() override { return 24U << 16 | 80U; }
  void save_vectors(Gpa area) override { saved.push_back(area.value); }
  void load_vectors(Gpa area) override { loaded.push_back(area.value); }
  void prepare_ram(Gpa start, std::uint64_t size) override { prepared.emplace_back(start.value, size); }

  std::vector<std::pair<int, int>> exits;
  int panics = 0;
  int flushes = 0;
  std::vector<std::uint64_t> saved, loaded;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> prepared;
};

class ControlTest : public ::testing::Test {
 protected:
  std::uint32_t read(ControlRegister which) {
    std::uint32_t value = 0xdead'beef;
    device_.read(static_cast<std::uint64_t>(which), std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void write(ControlRegister which, std::uint32_t value) {
    device_.write(static_cast<std::uint64_t>(which), std::as_bytes(std::span(&value, 1)));
  }

  FakeMachine machine_;
  CountingInterrupt interrupt_;
  ControlDevice device_{machine_, interrupt_};
};

TEST_F(ControlTest, ExitCarriesCodeAndSignal) {
  write(ControlRegister::kExit, 7);
  write(ControlRegister::kExit, 9U << 8);
  write(ControlRegister::kExit, 0xffff'0000);
  EXPECT_EQ(machine_.exits, (std::vector<std::pair<int, int>>{{7, 0}, {0, 9}, {0, 0}}));
}

TEST_F(ControlTest, PanicFlushAndWindowSize) {
  write(ControlRegister::kPanic, 1);
  write(ControlRegister::kFlushLog, 1);
  EXPECT_EQ(machine_.panics, 1);
  EXPECT_EQ(machine_.flushes, 1);
  EXPECT_EQ(read(ControlRegister::kWindowSize), 24U << 16 | 80U);
}

TEST_F(ControlTest, AreasOfVectorRegistersAreNumbered) {
  write(ControlRegister::kSaveVectors, 3);
  write(ControlRegister::kLoadVectors, 0xffff'ffff);
  EXPECT_EQ(machine_.saved, std::vector<std::uint64_t>{192});
  EXPECT_EQ(machine_.loaded, std::vector<std::uint64_t>{0x3f'ffff'ffc0});
}

TEST_F(ControlTest, RamToBePreparedIsCountedInUnits) {
  write(ControlRegister::kPrepareRam, 0x21 << 9 | 2);
  write(ControlRegister::kPrepareRam, 0xffff'ffff);
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected{{0x8'4000, 0x8000}, {0x1f'ffff'c000, 0x7f'c000}};
  EXPECT_EQ(machine_.prepared, expected);
}

TEST_F(ControlTest, SignalsCollectUntilRead) {
  EXPECT_EQ(read(ControlRegister::kSignals), 0U);
  EXPECT_TRUE(device_.forward_signal(2));
  EXPECT_TRUE(device_.forward_signal(15));
  EXPECT_TRUE(device_.forward_signal(2));
  EXPECT_EQ(interrupt_.raised, 3);
  EXPECT_EQ(read(ControlRegister::kSignals), 1U << 2 | 1U << 15);
  EXPECT_EQ(read(ControlRegister::kSignals), 0U);
}

TEST_F(ControlTest, SignalsOutOfRangeAreRefused) {
  for (int signal : {-1, 0, 32, 64, 1 << 20}) EXPECT_FALSE(device_.forward_signal(signal)) << signal;
  EXPECT_EQ(interrupt_.raised, 0);
}

TEST_F(ControlTest, OddAccessesDoNothing) {
  const std::byte wide[8] = {};
  for (std::size_t width : {1U, 2U, 8U}) device_.write(0, std::span(wide).first(width));
  write(static_cast<ControlRegister>(0x02), 1);
  write(static_cast<ControlRegister>(0xffc), 1);
  write(ControlRegister::kSignals, 1);
  EXPECT_TRUE(machine_.exits.empty());
  EXPECT_EQ(machine_.panics, 0);
  std::byte data[8];
  std::fill(std::begin(data), std::end(data), std::byte{0xff});
  device_.forward_signal(1);
  device_.read(static_cast<std::uint64_t>(ControlRegister::kSignals), data);
  EXPECT_EQ(data[0], std::byte{0}) << "a wide read must not clear what it does not return";
  EXPECT_EQ(read(ControlRegister::kSignals), 2U);
}

TEST(RngTest, FillsBuffersUpToItsCap) {
  FakeRam ram;
  virtio::Rng rng;
  ManualEventLoop loop;
  FakeDriver driver(rng, ram, loop);
  FakeDriverQueue queue(ram, 0x1000, 8);
  driver.negotiate(0);
  driver.set_queue(0, queue.layout);
  driver.driver_ok();
  queue.descriptor(0, 0x10000, 32, kWrite | kNext, 1);
  queue.descriptor(1, 0x11000, 32, kWrite);
  queue.offer(0);
  queue.descriptor(2, 0x20000, 100'000, kWrite);
  queue.offer(2);
  driver.notify(0);
  EXPECT_EQ(queue.used(0), (FakeDriverQueue::Used{0, 64}));
  EXPECT_EQ(queue.used(1), (FakeDriverQueue::Used{2, 4096}));
  // 32 zero bytes by chance: 2^-256.
  EXPECT_NE(ram.get_text(0x10000, 32), std::string(32, '\0'));
  EXPECT_NE(ram.get_text(0x11000, 32), std::string(32, '\0'));
  EXPECT_EQ(ram.get_text(0x20000 + 4096, 1), std::string(1, '\0'));
  EXPECT_EQ(driver.interrupt.raised, 1) << "one interrupt for both";
}

TEST(RngTest, ReadableBufferNeedsReset) {
  FakeRam ram;
  virtio::Rng rng;
  ManualEventLoop loop;
  FakeDriver driver(rng, ram, loop);
  FakeDriverQueue queue(ram, 0x1000, 8);
  driver.negotiate(0);
  driver.set_queue(0, queue.layout);
  driver.driver_ok();
  queue.descriptor(0, 0x10000, 32);
  queue.offer(0);
  driver.notify(0);
  EXPECT_TRUE(driver.read(kStatus) & virtio::kStatusNeedsReset);
}

}  // namespace
}  // namespace husk
