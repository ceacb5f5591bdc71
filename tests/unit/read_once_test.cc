// What is read from a running guest's memory to be checked is read once: in the program as the compiler has made it.
// The pages in question are made inaccessible, so that every load faults and is counted, and is then executed alone.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <vector>

#include "abi/husk_abi.h"
#include "devices/virtio/features.h"
#include "devices/virtio/queue.h"
#include "tests/unit/fake_guest.h"
#include "vmm/machine/guest_log.h"

namespace husk {
namespace {

constexpr std::size_t kMaxLoads = 20'000;
constexpr greg_t kTrapFlag = 0x100;

// Counts the accesses to `pages` while it lives. One at a time.
class Watch {
 public:
  explicit Watch(std::span<const std::byte> pages) {
    start_ = const_cast<std::byte*>(pages.data());
    size_ = pages.size();
    count_ = 0;
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = [](int, siginfo_t* info, void* context) {
      if (count_ < kMaxLoads) loads_[count_++] = static_cast<std::byte*>(info->si_addr);
      ::mprotect(start_, size_, PROT_READ | PROT_WRITE);
      static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
    };
    ::sigaction(SIGSEGV, &action, &previous_[0]);
    action.sa_sigaction = [](int, siginfo_t*, void* context) {
      ::mprotect(start_, size_, PROT_NONE);
      static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    };
    ::sigaction(SIGTRAP, &action, &previous_[1]);
    ::mprotect(start_, size_, PROT_NONE);
  }
  ~Watch() {
    ::mprotect(start_, size_, PROT_READ | PROT_WRITE);
    ::sigaction(SIGSEGV, &previous_[0], nullptr);
    ::sigaction(SIGTRAP, &previous_[1], nullptr);
  }
  // How often the place that was accessed most often was.
  static std::size_t most_accesses() {
    std::vector<std::byte*> places(loads_.begin(), loads_.begin() + static_cast<std::ptrdiff_t>(count_));
    std::ranges::sort(places);
    std::size_t most = 0;
    for (auto place = places.begin(); place != places.end();) {
      const auto next = std::ranges::upper_bound(place, places.end(), *place);
      most = std::max(most, static_cast<std::size_t>(next - place));
      place = next;
    }
    return most;
  }
  static std::size_t accesses() { return count_; }

 private:
  static inline std::byte* start_;
  static inline std::size_t size_;
  static inline std::array<std::byte*, kMaxLoads> loads_;
  static inline std::size_t count_;
  std::array<struct sigaction, 2> previous_{};
};

TEST(ReadOnce, Descriptors) {
  constexpr std::uint64_t kTables = 0x1'0000;
  constexpr std::uint64_t kIndirectTable = kTables + 0x800;
  test::FakeRam ram;
  test::FakeDriverQueue driver(ram, 0x1000, 8);
  driver.layout.descriptors = Gpa{kTables};
  driver.descriptor(0, 0x2'0000, 16, test::kNext, 1);
  driver.descriptor(1, kIndirectTable, 32, test::kIndirect);
  driver.descriptor_at(kIndirectTable, 0x3'0000, 16, test::kNext, 1);
  driver.descriptor_at(kIndirectTable + 16, 0x4'0000, 16, test::kWrite, 0);
  driver.offer(0);
  virtio::Queue queue(ram.memory);
  ASSERT_EQ(queue.enable(driver.layout, 8, virtio::kFeatureVersion1 | virtio::kFeatureIndirectDesc),
            virtio::QueueError::kNone);
  queue.begin_turn();
  virtio::Chain chain;
  bool popped = false;
  {
    const Watch watch(ram.memory.readable(Gpa{kTables}, 4096));
    popped = queue.pop(chain);
  }
  EXPECT_TRUE(popped);
  EXPECT_EQ(chain.readable_bytes() + chain.writable_bytes(), 48U);
  EXPECT_EQ(Watch::accesses(), 8U) << "four descriptors of two words each";
  EXPECT_EQ(Watch::most_accesses(), 1U);
}

TEST(ReadOnce, LogRing) {
  test::FakeRam ram;
  ram.put<std::uint64_t>(abi::kGuestLogGpa, 100);
  ram.put_text(abi::kGuestLogGpa + 8, "<3>one\n<3>two\n");
  std::vector<std::string> said;
  machine::GuestWords words([&](log::Severity, std::string_view line) { said.emplace_back(line); }, [] { return 0; });
  machine::GuestLogReader reader(ram.memory, words);
  {
    const Watch watch(ram.memory.readable(Gpa{abi::kGuestLogGpa}, abi::kGuestLogSize));
    reader.print_new_lines();
  }
  ASSERT_GE(said.size(), 2U);
  EXPECT_EQ(said[0], "guest: one");
  EXPECT_EQ(Watch::accesses(), abi::kGuestLogSize / 8);
  EXPECT_EQ(Watch::most_accesses(), 1U);
}

}  // namespace
}  // namespace husk
