// The guest's side of a virtqueue against the VMM's: the kernel's driver code and the device's own queue, over one
// memory; then against a device that answers in any order, or lies.
#include "drivers/virtqueue.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "common/guest_memory.h"
#include "devices/virtio/features.h"
#include "devices/virtio/queue.h"
#include "mm/address.h"

namespace kernel::drivers {
namespace {

constexpr std::size_t kPages = 8;
constexpr std::uint16_t kSize = husk::abi::kPreparedQueueSize;

class VirtQueueTest : public ::testing::Test {
 protected:
  // The kernel computes guest-physical addresses by subtracting the base of its direct map; host memory then has
  // "guest-physical" addresses too, and the device is told that they are RAM.
  void SetUp() override {
    memory_.add_region(husk::Gpa{mm::physical_of(ram_.get())}, {ram_.get(), kPages * mm::kPageSize});
    set_up(kSize);
  }
  void set_up(std::uint16_t size) {
    std::fill_n(ram_.get(), mm::kPageSize, std::byte{0});
    driver_.initialise(ram_.get(), size);
    const VirtQueue::Layout parts = VirtQueue::layout(size);
    const std::uint64_t page = mm::physical_of(ram_.get());
    ASSERT_EQ(device_.enable({.size = size,
                              .descriptors = husk::Gpa{page},
                              .available = husk::Gpa{page + parts.available},
                              .used = husk::Gpa{page + parts.used}},
                             size, husk::virtio::kFeatureVersion1),
              husk::virtio::QueueError::kNone);
    device_.begin_turn();
  }
  std::byte* buffer(std::size_t index) { return ram_.get() + mm::kPageSize * (1 + index % (kPages - 1)); }

  // An element of the used ring that no honest device writes.
  void answer_by_hand(std::uint32_t id, std::uint32_t length) {
    std::byte* const ring = ram_.get() + VirtQueue::layout(driver_.size()).used;
    std::uint16_t index;
    std::memcpy(&index, ring + 2, sizeof index);
    const std::uint32_t element[] = {id, length};
    std::memcpy(ring + 4 + 8 * (index % driver_.size()), element, sizeof element);
    ++index;
    std::memcpy(ring + 2, &index, sizeof index);
  }
  void expect_done_with() {
    EXPECT_EQ(driver_.take().error(), Errno::kIo);
    EXPECT_TRUE(driver_.broken());
    EXPECT_EQ(driver_.take().error(), Errno::kIo) << "and nothing more comes from it";
    const QueueBuffer one{buffer(0), 1, false};
    EXPECT_EQ(driver_.submit({&one, 1}, 0).error(), Errno::kIo) << "nor does it get anything";
  }

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

TEST_F(VirtQueueTest, SizeIsNegotiated) {
  EXPECT_EQ(VirtQueue::negotiated_size(1024, 16), 16);
  EXPECT_EQ(VirtQueue::negotiated_size(1024, 1024), VirtQueue::kMaxSize);
  EXPECT_EQ(VirtQueue::negotiated_size(8, 16), 8);
  EXPECT_EQ(VirtQueue::negotiated_size(13, 16), 8) << "a power of two";
  EXPECT_EQ(VirtQueue::negotiated_size(100, 24), 16);
  EXPECT_EQ(VirtQueue::negotiated_size(1, 16), 1);
  EXPECT_EQ(VirtQueue::negotiated_size(0, 16), 0);
  EXPECT_EQ(VirtQueue::negotiated_size(0xffff'ffff, 16), 16);
}

TEST_F(VirtQueueTest, PartsOfEverySizeAreApartAndInThePage) {
  for (std::uint16_t size = 1; size <= VirtQueue::kMaxSize; size = static_cast<std::uint16_t>(2 * size)) {
    const VirtQueue::Layout parts = VirtQueue::layout(size);
    EXPECT_LE(16u * size, parts.available);
    EXPECT_LE(parts.available + 6 + 2 * size, parts.used);
    EXPECT_LE(parts.used + 6 + 8 * size, parts.notes);
    EXPECT_LT(parts.notes, parts.end);
    EXPECT_LT(parts.end, mm::kPageSize);
    set_up(size);
    EXPECT_EQ(driver_.room().data(), ram_.get() + parts.end);
    EXPECT_EQ(driver_.room().size(), mm::kPageSize - parts.end);
  }
}

TEST_F(VirtQueueTest, RequestsGoThereAndAnswersComeBack) {
  for (std::uint32_t round = 0; round < 70'000; ++round) {  // past the wrap-around of the 16-bit indices
    const QueueBuffer request[] = {{buffer(0), 5, false}, {buffer(1), 8, true}};
    ASSERT_TRUE(driver_.submit(request, round).ok());
    ASSERT_EQ(driver_.take().error(), Errno::kAgain);
    device_.begin_turn();
    ASSERT_TRUE(device_.pop(chain_)) << round;
    ASSERT_EQ(chain_.readable_bytes(), 5u);
    ASSERT_EQ(chain_.writable_bytes(), 8u);
    ASSERT_EQ(chain_.readable()[0].data(), buffer(0));
    EXPECT_FALSE(device_.push(chain_, 3)) << "no interrupt was asked for";
    auto done = driver_.take();
    ASSERT_TRUE(done.ok());
    ASSERT_EQ(done.value().token, round);
    ASSERT_EQ(done.value().written, 3u);
    ASSERT_EQ(driver_.take().error(), Errno::kAgain);
  }
}

TEST_F(VirtQueueTest, NothingComesFromAQueueThatWasNeverSetUp) {
  VirtQueue unused;
  EXPECT_EQ(unused.take().error(), Errno::kAgain);
}

TEST_F(VirtQueueTest, FullQueueRefusesAndRecovers) {
  const QueueBuffer one{buffer(0), 1, false};
  for (unsigned i = 0; i < kSize; ++i) ASSERT_TRUE(driver_.submit({&one, 1}, i).ok());
  EXPECT_EQ(driver_.submit({&one, 1}, 0).error(), Errno::kAgain);
  EXPECT_EQ(driver_.submit({}, 0).error(), Errno::kInval);
  const std::vector<QueueBuffer> too_many(kSize + 1, one);
  EXPECT_EQ(driver_.submit(too_many, 0).error(), Errno::kInval);
  // The device returns them in another order than it got them.
  husk::virtio::Chain chains[kSize];
  for (auto& chain : chains) ASSERT_TRUE(device_.pop(chain));
  for (unsigned i = kSize; i-- > 0;) (void)device_.push(chains[i], 0);
  for (unsigned i = kSize; i-- > 0;) {
    auto done = driver_.take();
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done.value().token, i);
  }
  std::vector<QueueBuffer> all(kSize, one);
  EXPECT_TRUE(driver_.submit(all, 0).ok()) << "every descriptor is free again";
  ASSERT_TRUE(device_.pop(chain_));
  EXPECT_EQ(chain_.readable().size(), kSize);
}

// Chains of all lengths, as many as fit, finished in any order: each comes back once, with its own token and length, and
// says what it said when it was offered.
TEST_F(VirtQueueTest, ManyRequestsInFlightComeBackInAnyOrder) {
  std::mt19937 random(12);
  const auto below = [&](std::size_t bound) { return random() % bound; };
  for (const std::uint16_t size : {1, 2, 8, 16, 64}) {
    SCOPED_TRACE(size);
    set_up(size);
    struct Held {
      husk::virtio::Chain chain;
      std::uint32_t token;
    };
    std::vector<Held> held;                         // by the device
    std::map<std::uint32_t, std::uint64_t> posted;  // token -> writable bytes
    std::map<std::uint32_t, std::uint32_t> answers;
    std::size_t most_in_flight = 0;
    std::uint32_t next_token = 1'000;
    for (int step = 0; step < 20'000; ++step) {
      device_.begin_turn();
      const std::size_t count = 1 + below(std::min<std::size_t>(size, 4));
      const std::size_t readable = below(count + 1);
      std::vector<QueueBuffer> request;
      std::uint64_t writable_bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const auto bytes = static_cast<std::uint32_t>(1 + below(200));
        request.push_back({buffer(i), bytes, i >= readable});
        if (i >= readable) writable_bytes += bytes;
      }
      if (driver_.submit(request, next_token)) {
        Held& taken = held.emplace_back();
        ASSERT_TRUE(device_.pop(taken.chain));
        taken.token = next_token;
        ASSERT_EQ(taken.chain.readable().size(), readable);
        ASSERT_EQ(taken.chain.writable().size(), count - readable);
        ASSERT_EQ(taken.chain.writable_bytes(), writable_bytes);
        posted[next_token++] = writable_bytes;
      } else {
        ASSERT_FALSE(posted.empty()) << "a queue without requests is full";
      }
      most_in_flight = std::max(most_in_flight, held.size());
      while (!held.empty() && below(3) == 0) {
        const std::size_t which = below(held.size());
        const auto length = static_cast<std::uint32_t>(below(posted[held[which].token] + 1));
        answers[held[which].token] = length;
        (void)device_.push(held[which].chain, length);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
      }
      if (below(2) == 0) continue;
      for (auto done = driver_.take(); done; done = driver_.take()) {
        const auto answer = answers.find(done.value().token);
        ASSERT_NE(answer, answers.end()) << "token " << done.value().token;
        ASSERT_EQ(done.value().written, answer->second);
        answers.erase(answer);
        posted.erase(done.value().token);
      }
      ASSERT_TRUE(answers.empty());
    }
    EXPECT_FALSE(driver_.broken());
    EXPECT_GE(most_in_flight, size / 4u);
  }
}

TEST_F(VirtQueueTest, InterruptsAndNotificationsAsWished) {
  const QueueBuffer one{buffer(0), 1, false};
  driver_.enable_interrupts(true);
  ASSERT_TRUE(driver_.submit({&one, 1}, 0).ok());
  EXPECT_TRUE(driver_.wants_notification());
  ASSERT_TRUE(device_.pop(chain_));
  EXPECT_TRUE(device_.push(chain_, 0));
  device_.suppress_notifications(true);
  EXPECT_FALSE(driver_.wants_notification());
}

TEST_F(VirtQueueTest, RequestThatDoesNotExistIsALie) {
  const QueueBuffer one{buffer(0), 1, false};
  ASSERT_TRUE(driver_.submit({&one, 1}, 0).ok());
  answer_by_hand(999, 0);
  expect_done_with();
}

TEST_F(VirtQueueTest, RequestThatWasNeverMadeIsALie) {
  const QueueBuffer one{buffer(0), 1, false};
  ASSERT_TRUE(driver_.submit({&one, 1}, 0).ok());
  answer_by_hand(kSize - 1, 0);
  expect_done_with();
}

TEST_F(VirtQueueTest, MiddleOfAChainIsALie) {
  const QueueBuffer request[] = {{buffer(0), 1, false}, {buffer(1), 8, true}};
  ASSERT_TRUE(driver_.submit(request, 0).ok());
  answer_by_hand(1, 0);
  expect_done_with();
}

TEST_F(VirtQueueTest, AnsweringTwiceIsALie) {
  const QueueBuffer one{buffer(0), 8, true};
  ASSERT_TRUE(driver_.submit({&one, 1}, 7).ok());
  ASSERT_TRUE(driver_.submit({&one, 1}, 8).ok());
  answer_by_hand(0, 8);
  answer_by_hand(0, 8);
  auto done = driver_.take();
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done.value().token, 7u);
  expect_done_with();
}

TEST_F(VirtQueueTest, MoreBytesThanThereIsRoomForAreALie) {
  const QueueBuffer request[] = {{buffer(0), 100, false}, {buffer(1), 8, true}, {buffer(2), 8, true}};
  ASSERT_TRUE(driver_.submit(request, 0).ok());
  answer_by_hand(0, 16);
  auto done = driver_.take();
  ASSERT_TRUE(done.ok()) << "as many are not";
  EXPECT_EQ(done.value().written, 16u);
  ASSERT_TRUE(driver_.submit({request + 1, 1}, 0).ok());
  answer_by_hand(0, 9);
  expect_done_with();
}

// There are devices that say how much they have read (2.7.8.2 speaks of old ones).
TEST_F(VirtQueueTest, LengthOfWhatIsOnlyReadIsNone) {
  const QueueBuffer one{buffer(0), 100, false};
  ASSERT_TRUE(driver_.submit({&one, 1}, 0).ok());
  answer_by_hand(0, 100);
  auto done = driver_.take();
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done.value().written, 0u);
  EXPECT_FALSE(driver_.broken());
}

TEST_F(VirtQueueTest, IndexThatRunsAheadIsALieInTheEnd) {
  const QueueBuffer one{buffer(0), 8, true};
  ASSERT_TRUE(driver_.submit({&one, 1}, 0).ok());
  const std::uint16_t index = 40'000;
  std::memcpy(ram_.get() + VirtQueue::layout(kSize).used + 2, &index, sizeof index);
  ASSERT_TRUE(driver_.take().ok()) << "the ring is zero: request 0, no byte";
  expect_done_with();
}

}  // namespace
}  // namespace kernel::drivers
