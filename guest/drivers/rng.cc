#include "drivers/rng.h"

#include <array>
#include <bit>
#include <utility>

#include "boot_parameters.h"
#include "drivers/device.h"
#include "drivers/virtio_mmio.h"
#include "drivers/virtqueue.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/address.h"
#include "task/wait_queue.h"

namespace kernel::drivers {
namespace {

constexpr std::uint32_t kRequestQueue = 0;
constexpr std::size_t kSeedSize = 64;

// So many tasks have a request in flight at once; further ones wait for their turn.
constexpr std::uint16_t kMostRequests = 16;

static_assert(VirtQueue::layout(kMostRequests).end + kMostRequests * kSeedSize <= mm::kPageSize);

// A request's token is the index of its place for a seed, behind the rings in the queue's page.
class EntropyDevice final : public Device {
 public:
  constexpr EntropyDevice() : Device(kEntropyDriver, DeviceRole::kRng) {}

  Result<void> reseed();

 private:
  // What became of a request, for the task that waits for it: on its stack.
  struct Outcome {
    bool known = false;
    Errno error = Errno::kNone;
    void set(Errno what) {
      known = true;
      error = what;
    }
  };

  VirtQueue* queue(std::uint32_t index, std::uint64_t) override { return index == kRequestQueue ? &queue_ : nullptr; }
  void attach(std::uint64_t) override {}
  void answered() override;

  std::span<std::byte> seed(std::uint32_t place) const { return queue_.room().subspan(place * kSeedSize, kSeedSize); }
  Result<std::uint32_t> ask();
  void collect();

  VirtQueue queue_;
  task::WaitQueue changed_;
  std::uint32_t in_flight_ = 0;  // bit n: the device has place n
  std::array<Outcome*, kMostRequests> waiting_{};
};

constinit EntropyDevice g_device;
constexpr Device* kDevices[] = {&g_device};

Result<void> EntropyDevice::reseed() {
  TRY(start());
  std::uint32_t place = 0;
  Errno refused = Errno::kNone;
  TRY(changed_.wait_until([&] {
    collect();
    auto asked = ask();
    refused = asked.error();
    if (asked) place = asked.value();
    return refused != Errno::kAgain;
  }));
  if (refused != Errno::kNone) return refused;

  Outcome outcome;
  waiting_[place] = &outcome;
  if (queue_.wants_notification()) transport().notify(kRequestQueue);
  collect();
  if (!outcome.known) {
    queue_.enable_interrupts(true);
    // A task that is taken away leaves its request to the device, and what that brings to the pool.
    auto waited = changed_.wait_until([&] {
      collect();
      return outcome.known;
    });
    if (!outcome.known) {
      waiting_[place] = nullptr;
      return waited.error();
    }
  }
  return outcome.error;
}

// Offers a free place to the device. kAgain if it has them all, kIo if it is done with.
Result<std::uint32_t> EntropyDevice::ask() {
  const auto place = static_cast<std::uint32_t>(std::countr_one(in_flight_));
  if (place == kMostRequests) return queue_.broken() ? Errno::kIo : Errno::kAgain;
  const QueueBuffer buffer{seed(place).data(), kSeedSize, true};
  TRY(queue_.submit({&buffer, 1}, place));
  in_flight_ |= std::uint32_t{1} << place;
  return place;
}

void EntropyDevice::collect() {
  const std::uint32_t before = in_flight_;
  auto done = queue_.take();
  for (; done; done = queue_.take()) {
    const std::uint32_t place = done.value().token;
    const std::span<std::byte> bytes = seed(place).first(done.value().written);
    add_entropy(bytes);
    memset(bytes.data(), 0, bytes.size());
    in_flight_ &= ~(std::uint32_t{1} << place);
    if (Outcome* outcome = std::exchange(waiting_[place], nullptr)) {
      outcome->set(bytes.empty() ? Errno::kIo : Errno::kNone);
    }
  }
  bool news = in_flight_ != before;
  // The places of a device that is done with stay in flight: it may still write there.
  if (done.error() != Errno::kAgain) {
    for (Outcome*& outcome : waiting_) {
      if (!outcome) continue;
      std::exchange(outcome, nullptr)->set(done.error());
      news = true;
    }
  }
  if (!news) return;
  if (in_flight_ == 0) queue_.enable_interrupts(false);
  changed_.wake_all();
}

void EntropyDevice::answered() {
  collect();
}

}  // namespace

constinit const Driver kEntropyDriver = {
    .name = "random number generator",
    .type = kVirtioEntropy,
    .features = 0,
    .queue_size = kMostRequests,
    .least_queue_size = 1,
    .devices = kDevices,
};

Result<void> reseed_from_host() {
  return g_device.reseed();
}

}  // namespace kernel::drivers
