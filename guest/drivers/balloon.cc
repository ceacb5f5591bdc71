#include "drivers/balloon.h"

#include <algorithm>
#include <array>
#include <bit>

#include "abi/husk_abi.h"
#include "boot_parameters.h"
#include "drivers/device.h"
#include "drivers/virtio_mmio.h"
#include "drivers/virtqueue.h"
#include "lib/log.h"
#include "lib/time.h"
#include "mm/frame.h"
#include "task/scheduler.h"
#include "task/timer_queue.h"

namespace kernel::drivers {
namespace {

constexpr std::uint64_t kFeatureReporting = std::uint64_t{1} << 5;  // VIRTIO_BALLOON_F_PAGE_REPORTING

// Memory is looked at so often, as long as some could go back; what was free at kIdleLooks of these looks goes. So it does between one
// and two periods after it was freed, and a VM is small again within a second.
constexpr std::uint64_t kLookNs = 400'000'000;
constexpr std::uint32_t kIdleLooks = 2;

// In between as often as this, until all of it is gone: in pieces for which the host takes about a millisecond, so that a payload that
// computes loses no more than a tenth of its time to them, while they last.
constexpr std::uint64_t kPauseNs = 10'000'000;
constexpr std::uint64_t kMostFrames = 2048;
constexpr std::uint16_t kMostBlocks = 32;

// Queues 0 and 1 are those of the balloon proper. Which others there are depends on features, and whether queues that are not there
// have a number is a matter on which the standard (5.5.2) and those who came before it differ. Of those that there are, the last one
// is for reports.
constexpr std::uint32_t kFirstOtherQueue = 2;

static_assert(VirtQueue::layout(kMostBlocks).end + kMostBlocks * sizeof(mm::FrameBlock) <= mm::kPageSize);

// A report's token is the index of its place for a block, behind the rings in the queue's page. The host gives back each block by itself,
// since it may refuse one.
class BalloonDevice final : public Device {
 public:
  constexpr BalloonDevice() : Device(kBalloonDriver, DeviceRole::kBalloon) {}

  void await_idle_memory();

 private:
  VirtQueue* queue(std::uint32_t index, std::uint64_t features) override;
  void attach(std::uint64_t features) override { zeroes_ = (features & husk::abi::kBalloonFeatureZeroes) != 0; }
  void answered() override;

  void arm(std::uint64_t deadline_ns);
  void look();
  void report();
  void collect();
  void go_on();
  void stop(std::string_view why);
  mm::FrameBlock& block(std::uint32_t place) const {
    return reinterpret_cast<mm::FrameBlock*>(queue_.room().data())[place];
  }

  VirtQueue queue_;
  task::Timer timer_;
  std::uint64_t next_look_ns_ = 0;
  std::uint32_t in_flight_ = 0;  // bit n: the device has place n
  std::uint32_t index_ = 0;      // of the queue; 0: there is none
  bool zeroes_ = false;          // what the host has taken is zero when it is used again, and it says what it has taken
  bool found_all_ = false;       // the last report was of all that had lain idle
  bool stopped_ = false;
};

constinit BalloonDevice g_device;
constexpr Device* kDevices[] = {&g_device};

VirtQueue* BalloonDevice::queue(std::uint32_t index, std::uint64_t features) {
  if ((features & kFeatureReporting) == 0) return nullptr;
  if (index_ == 0 && index >= kFirstOtherQueue && !transport().has_queue(index + 1)) index_ = index;
  return index_ != 0 && index == index_ ? &queue_ : nullptr;
}

void BalloonDevice::await_idle_memory() {
  // Without a device nobody need tell us ever again.
  if (stopped_ || !present()) return;
  next_look_ns_ = saturating_add(monotonic_ns(), kLookNs);
  arm(next_look_ns_);
}

void BalloonDevice::arm(std::uint64_t deadline_ns) {
  timer_.owner = this;
  task::timer_queue().arm(timer_, deadline_ns,
                          [](task::Timer& timer) { static_cast<BalloonDevice*>(timer.owner)->look(); });
}

void BalloonDevice::look() {
  const std::uint64_t now = monotonic_ns();
  if (now >= next_look_ns_) {
    mm::free_memory_grows_older();
    next_look_ns_ = saturating_add(now, kLookNs);
  }
  report();
  if (in_flight_ == 0) go_on();
}

// What comes next, when the device has nothing of ours.
void BalloonDevice::go_on() {
  if (stopped_) return;
  if (!found_all_) return arm(std::min(next_look_ns_, saturating_add(monotonic_ns(), kPauseNs)));
  if (mm::frames_to_give_back() != 0) return arm(next_look_ns_);
  mm::await_memory_to_give_back();
}

void BalloonDevice::report() {
  std::uint64_t frames = 0;
  found_all_ = false;
  for (std::uint32_t place = 0; place < kMostBlocks && frames < kMostFrames; ++place) {
    const auto idle = mm::take_idle_block(kIdleLooks, kMostFrames - frames);
    if (!idle) {
      // A smaller one may have been left for the next time.
      found_all_ = frames == 0;
      break;
    }
    // Not before there is something to say: it takes the device's registers some twenty exits, and the queue a page.
    if (!start() || index_ == 0) {
      mm::return_block(*idle, mm::Fate::kRefused);
      return stop("it cannot be used");
    }
    block(place) = *idle;
    const QueueBuffer buffer{mm::frame_data(idle->first), static_cast<std::uint32_t>(idle->frames() * mm::kPageSize),
                             true};
    if (!queue_.submit({&buffer, 1}, place)) {
      mm::return_block(*idle, mm::Fate::kRefused);
      break;
    }
    in_flight_ |= std::uint32_t{1} << place;
    frames += idle->frames();
  }
  if (in_flight_ == 0) return;
  if (queue_.wants_notification()) transport().notify(index_);
  collect();
  if (in_flight_ == 0) return;
  queue_.enable_interrupts(true);
  collect();
}

void BalloonDevice::collect() {
  auto done = queue_.take();
  for (; done; done = queue_.take()) {
    const std::uint32_t place = done.value().token;
    const mm::FrameBlock taken = block(place);
    in_flight_ &= ~(std::uint32_t{1} << place);
    if (!zeroes_) {
      mm::return_block(taken, mm::Fate::kUnknown);
    } else if (done.value().written == taken.frames() * mm::kPageSize) {
      mm::return_block(taken, mm::Fate::kZero);
    } else {
      // Nobody would be helped if it were asked for the same again and again.
      mm::return_block(taken, mm::Fate::kRefused);
      stop("the host does not take it");
    }
  }
  if (done.error() != Errno::kAgain) {
    // A device that is done with may still take what it has.
    for (; in_flight_ != 0; in_flight_ &= in_flight_ - 1) {
      mm::return_block(block(static_cast<std::uint32_t>(std::countr_zero(in_flight_))), mm::Fate::kLost);
    }
    stop("the device is broken");
  }
  if (in_flight_ == 0) queue_.enable_interrupts(false);
}

void BalloonDevice::answered() {
  if (in_flight_ == 0) return;
  collect();
  if (in_flight_ == 0) go_on();
}

void BalloonDevice::stop(std::string_view why) {
  if (!stopped_) log(LogLevel::kInfo, "free memory stays with the machine: {}", why);
  stopped_ = true;
}

}  // namespace

constinit const Driver kBalloonDriver = {
    .name = "balloon",
    .type = kVirtioBalloon,
    .features = kFeatureReporting | husk::abi::kBalloonFeatureZeroes,
    .queue_size = kMostBlocks,
    .least_queue_size = 1,
    .devices = kDevices,
};

void give_memory_back_later() {
  g_device.await_idle_memory();
}

}  // namespace kernel::drivers
