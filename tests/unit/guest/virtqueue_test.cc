// The guest's side of a virtqueue against the VMM's: the kernel's driver code and the device's own queue, over one
// memory.
#include "drivers/virtqueue.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "common/guest_memory.h"
#include "devices/virtio/features.h"
#include "devices/virtio/queue.h"
#include "mm/address.h"

namespace kernel::drivers {
namespace {

constexpr std::size_t kPages = 8;

class VirtQueueTest : public ::testing::Test {
 protected:
  // The kernel computes guest-physical addresses by subtracting the base of its direct map; host memory then has
  // "guest-physical" addresses too, and the device is told that they are RAM.
  void SetUp() override {
    memory_.add_region(husk::Gpa{mm::physical_of(ram_.get())}, {ram_.get(), kPages * mm::kPageSize});
    driver_.initialise(ram_.get());
    const std::uint64_t page = mm::physical_of(ram_.get());
    ASSERT_EQ(device_.enable({.size = VirtQueue::kSize,
                              .descriptors = husk::Gpa{page + VirtQueue::kDescriptorOffset},
                              .available = husk::Gpa{page + VirtQueue::kAvailableOffset},
                              .used = husk::Gpa{page + VirtQueue::kUsedOffset}},
                             VirtQueue::kSize, husk::virtio::kFeatureVersion1),
              husk::virtio::QueueError::kNone);
    device_.begin_turn();
  }
  std::byte* buffer(std::size_t index) { return ram_.get() + mm::kPageSize * (1 + index % (kPages - 1)); }

  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  static std::byte* allocate() {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(mm::kPageSize, kPages * mm::kPageSize));
    std::fill_n(memory, kPages * mm::kPageSize, std::byte{0});
    return memory;
  }

  std::unique_ptr<std::byte, Free> ram_{allocate()};
  husk::GuestMemory memory_;
  VirtQueue driver_;
  husk::virtio::Queue device_{memory_};
  husk::virtio::Chain chain_;
};

TEST_F(VirtQueueTest, RequestsGoThereAndAnswersComeBack) {
  for (int round = 0; round < 70'000; ++round) {  // past the wrap-around of the 16-bit indices
    const QueueBuffer request[] = {{buffer(0), 5, false}, {buffer(1), 8, true}};
    ASSERT_TRUE(driver_.submit(request).ok());
    ASSERT_FALSE(driver_.has_used());
    device_.begin_turn();
    ASSERT_TRUE(device_.pop(chain_)) << round;
    ASSERT_EQ(chain_.readable_bytes(), 5u);
    ASSERT_EQ(chain_.writable_bytes(), 8u);
    ASSERT_EQ(chain_.readable()[0].data(), buffer(0));
    EXPECT_FALSE(device_.push(chain_, 3)) << "no interrupt was asked for";
    VirtQueue::Used used;
    ASSERT_TRUE(driver_.take_used(used));
    ASSERT_EQ(used.written, 3u);
    ASSERT_FALSE(driver_.take_used(used));
  }
}

TEST_F(VirtQueueTest, FullQueueRefusesAndRecovers) {
  const QueueBuffer one{buffer(0), 1, false};
  for (unsigned i = 0; i < VirtQueue::kSize; ++i) ASSERT_TRUE(driver_.submit({&one, 1}).ok());
  EXPECT_EQ(driver_.submit({&one, 1}).error(), Errno::kAgain);
  EXPECT_EQ(driver_.submit({}).error(), Errno::kAgain);
  // The device returns them in another order than it got them.
  husk::virtio::Chain chains[VirtQueue::kSize];
  for (auto& chain : chains) ASSERT_TRUE(device_.pop(chain));
  for (unsigned i = VirtQueue::kSize; i-- > 0;) (void)device_.push(chains[i], 0);
  VirtQueue::Used used;
  for (unsigned i = 0; i < VirtQueue::kSize; ++i) ASSERT_TRUE(driver_.take_used(used));
  std::vector<QueueBuffer> all(VirtQueue::kSize, one);
  EXPECT_TRUE(driver_.submit(all).ok()) << "every descriptor is free again";
  ASSERT_TRUE(device_.pop(chain_));
  EXPECT_EQ(chain_.readable().size(), VirtQueue::kSize);
}

TEST_F(VirtQueueTest, InterruptsAndNotificationsAsWished) {
  const QueueBuffer one{buffer(0), 1, false};
  driver_.enable_interrupts(true);
  ASSERT_TRUE(driver_.submit({&one, 1}).ok());
  EXPECT_TRUE(driver_.wants_notification());
  ASSERT_TRUE(device_.pop(chain_));
  EXPECT_TRUE(device_.push(chain_, 0));
  device_.suppress_notifications(true);
  EXPECT_FALSE(driver_.wants_notification());
}

TEST_F(VirtQueueTest, ImpossibleAnswerIsIgnored) {
  const QueueBuffer one{buffer(0), 1, false};
  ASSERT_TRUE(driver_.submit({&one, 1}).ok());
  auto* used_ring = ram_.get() + VirtQueue::kUsedOffset;
  const std::uint32_t element[] = {999, 0};
  const std::uint16_t index = 1;
  std::memcpy(used_ring + 4, element, sizeof element);
  std::memcpy(used_ring + 2, &index, sizeof index);
  VirtQueue::Used used;
  EXPECT_FALSE(driver_.take_used(used));
  EXPECT_FALSE(driver_.has_used());
}

}  // namespace
}  // namespace kernel::drivers
