#include "devices/virtio/mmio.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "devices/virtio/features.h"
#include "devices/virtio/mmio_registers.h"

namespace husk::virtio {
namespace {

using namespace mmio;  // the names of the registers

constexpr std::uint32_t kMagic = 0x7472'6976;       // "virt"
constexpr std::uint32_t kHuskVendor = 0x4b53'5548;  // "HUSK"
constexpr std::uint32_t kInterruptUsed = 1;
constexpr std::uint32_t kInterruptConfig = 2;

void set_low(Gpa& address, std::uint32_t value) {
  address.value = (address.value & ~0xffff'ffffULL) | value;
}
void set_high(Gpa& address, std::uint32_t value) {
  address.value = (address.value & 0xffff'ffffULL) | (std::uint64_t{value} << 32);
}

}  // namespace

MmioTransport::MmioTransport(Device& device, const GuestMemory& memory, InterruptLine& interrupt, EventLoop& loop,
                             FaultReporter report_fault)
    : device_(device), interrupt_(interrupt), loop_(loop), report_fault_(std::move(report_fault)) {
  for (std::size_t i = 0; i < device.queue_sizes().size(); ++i) queues_.emplace_back(memory);
}

std::uint64_t MmioTransport::offered_features() const {
  return device_.features() | kFeatureVersion1 | kFeatureIndirectDesc | kFeatureEventIdx;
}

bool MmioTransport::active() const {
  return (status_ & (kStatusDriverOk | kStatusNeedsReset)) == kStatusDriverOk;
}

MmioTransport::QueueState* MmioTransport::selected() {
  return queue_select_ < queues_.size() ? &queues_[queue_select_] : nullptr;
}

void MmioTransport::read(std::uint64_t offset, std::span<std::byte> data) {
  const std::lock_guard lock(mutex_);
  std::ranges::fill(data, std::byte{0});
  if (offset >= kConfig) {
    // Drivers use the width of the field, 64-bit ones as two halves (4.2.2.2); a byte span serves every width.
    device_.read_config(offset - kConfig, data);
    return;
  }
  if (data.size() != 4 || offset % 4 != 0) return complain("a register was read with the wrong width or alignment");
  const std::uint32_t value = read_register(offset);
  std::memcpy(data.data(), &value, sizeof value);
}

void MmioTransport::write(std::uint64_t offset, std::span<const std::byte> data) {
  const std::lock_guard lock(mutex_);
  if (offset >= kConfig) {
    device_.write_config(offset - kConfig, data);
    return;
  }
  if (data.size() != 4 || offset % 4 != 0) return complain("a register was written with the wrong width or alignment");
  std::uint32_t value;
  std::memcpy(&value, data.data(), sizeof value);
  write_register(offset, value);
}

std::uint32_t MmioTransport::read_register(std::uint64_t offset) {
  QueueState* const state = selected();
  switch (offset) {
    case kMagicValue:
      return kMagic;
    case kVersion:
      return 2;
    case kDeviceId:
      return device_.id();
    case kVendorId:
      return kHuskVendor;
    case kDeviceFeatures:
      return device_features_select_ < 2
                 ? static_cast<std::uint32_t>(offered_features() >> (32 * device_features_select_))
                 : 0;
    case kQueueNumMax:
      return state ? device_.queue_sizes()[queue_select_] : 0;
    case kQueueReady:
      return state && state->queue.enabled();
    case kInterruptStatus:
      return interrupt_status_;
    case kStatus:
      return status_;
    case kShmLenLow:
    case kShmLenHigh:
    case kShmBaseLow:
    case kShmBaseHigh:
      return 0xffff'ffff;  // 4.2.2.1: a length of -1 says that there is no shared memory region
    case kConfigGeneration:
      return config_generation_;
    default:
      complain("a register was read that does not exist or is write-only");
      return 0;
  }
}

void MmioTransport::write_register(std::uint64_t offset, std::uint32_t value) {
  switch (offset) {
    case kDeviceFeaturesSel:
      device_features_select_ = value;
      return;
    case kDriverFeaturesSel:
      driver_features_select_ = value;
      return;
    case kDriverFeatures:
      if (status_ & kStatusFeaturesOk) return complain("features were changed after FEATURES_OK");
      if (driver_features_select_ < 2) {
        const unsigned shift = 32 * driver_features_select_;
        driver_features_ = (driver_features_ & ~(0xffff'ffffULL << shift)) | (std::uint64_t{value} << shift);
      } else if (value != 0) {
        complain("features were accepted that are not offered");
      }
      return;
    case kQueueSel:
      queue_select_ = value;
      return;
    case kQueueNotify:
      return notify(value);
    case kInterruptAck:
      interrupt_status_ &= ~value;
      return;
    case kStatus:
      return write_status(value);
    case kQueueNum:
    case kQueueReady:
    case kQueueDescLow:
    case kQueueDescHigh:
    case kQueueDriverLow:
    case kQueueDriverHigh:
    case kQueueDeviceLow:
    case kQueueDeviceHigh:
      return write_queue_register(offset, value);
    case kShmSel:
      return;  // there is no shared memory region to select
    default:
      complain("a register was written that does not exist or is read-only");
  }
}

void MmioTransport::write_queue_register(std::uint64_t offset, std::uint32_t value) {
  QueueState* const state = selected();
  if (!state) return complain("a queue was configured that does not exist");
  if (offset == kQueueReady) return enable_queue(value);
  if (state->queue.enabled()) return complain("a queue was changed while it was ready");
  QueueLayout& layout = state->layout;
  switch (offset) {
    // What does not fit into 16 bits is too large, which `enable` finds.
    case kQueueNum:
      layout.size = static_cast<std::uint16_t>(std::min<std::uint32_t>(value, 0xffff));
      return;
    case kQueueDescLow:
      set_low(layout.descriptors, value);
      return;
    case kQueueDescHigh:
      set_high(layout.descriptors, value);
      return;
    case kQueueDriverLow:
      set_low(layout.available, value);
      return;
    case kQueueDriverHigh:
      set_high(layout.available, value);
      return;
    case kQueueDeviceLow:
      set_low(layout.used, value);
      return;
    case kQueueDeviceHigh:
      set_high(layout.used, value);
      return;
    default:
      return;
  }
}

void MmioTransport::enable_queue(std::uint32_t value) {
  QueueState& state = *selected();
  if (value == 0) {
    state.queue.disable();
    return;
  }
  if (!(status_ & kStatusFeaturesOk) || (status_ & kStatusNeedsReset)) {
    return complain("a queue was made ready before FEATURES_OK, or after an error");
  }
  if (state.queue.enabled()) return;
  const QueueError error = state.queue.enable(state.layout, device_.queue_sizes()[queue_select_], driver_features_);
  if (error != QueueError::kNone) needs_reset(error);
}

// The driver sets bits one after the other (3.1.1); it may not clear any but by a reset (2.1.1).
void MmioTransport::write_status(std::uint32_t value) {
  if (value == 0) return reset();
  const std::uint32_t known = kStatusAcknowledge | kStatusDriver | kStatusFeaturesOk | kStatusDriverOk | kStatusFailed;
  std::uint32_t added = value & known & ~status_;
  if ((status_ & known & ~value) != 0) complain("a status bit was cleared without a reset");
  if (added & kStatusFeaturesOk) {
    // 2.2.2: a device refuses a set of features by not keeping FEATURES_OK; VIRTIO_F_VERSION_1 is a must for us (6.2).
    const bool acceptable = (driver_features_ & ~offered_features()) == 0 && (driver_features_ & kFeatureVersion1);
    if (!acceptable) {
      complain("the driver accepted features that are not offered, or not VIRTIO_F_VERSION_1");
      added &= ~(kStatusFeaturesOk | kStatusDriverOk);
    }
  }
  if ((added & kStatusDriverOk) && !((status_ | added) & kStatusFeaturesOk)) {
    complain("DRIVER_OK was set before FEATURES_OK");
    added &= ~kStatusDriverOk;
  }
  status_ |= added;
  if ((added & kStatusDriverOk) && active()) device_.activate(*this, driver_features_);
}

void MmioTransport::notify(std::uint32_t index) {
  if (!active()) return complain("a queue was notified before DRIVER_OK, or after an error");
  if (index >= queues_.size()) return complain("a queue was notified that does not exist");
  work(index);
}

void MmioTransport::work(std::size_t index) {
  QueueState& state = queues_[index];
  state.queue.begin_turn();
  device_.process_queue(index);
  check_queues();
  if (!active() || !state.queue.unfinished() || std::exchange(state.turn_requested, true)) return;
  loop_.post([this, index] {
    const std::lock_guard lock(mutex_);
    queues_[index].turn_requested = false;
    // The queue may have been reset meanwhile, or a notification may have had the rest done.
    if (active() && queues_[index].queue.unfinished()) work(index);
  });
}

void MmioTransport::check_queues() {
  for (QueueState& state : queues_) {
    if (state.queue.error() != QueueError::kNone && active()) return needs_reset(state.queue.error());
  }
}

void MmioTransport::needs_reset(QueueError error) {
  status_ |= kStatusNeedsReset;
  report_fault_(device_.name(), describe(error));
  // 2.1.2: with DRIVER_OK set, the driver is told by a configuration change notification.
  if (status_ & kStatusDriverOk) interrupt_config();
}

void MmioTransport::reset() {
  device_.reset();
  for (QueueState& state : queues_) {
    state.queue.disable();
    state.layout = {};
  }
  status_ = interrupt_status_ = 0;
  device_features_select_ = driver_features_select_ = queue_select_ = 0;
  driver_features_ = 0;
  complained_ = false;
}

void MmioTransport::interrupt_used() {
  interrupt_status_ |= kInterruptUsed;
  interrupt_.raise();
}

void MmioTransport::interrupt_config() {
  ++config_generation_;
  interrupt_status_ |= kInterruptConfig;
  interrupt_.raise();
}

void MmioTransport::notify_config_changed() {
  const std::lock_guard lock(mutex_);
  ++config_generation_;
  if (!active()) return;
  interrupt_status_ |= kInterruptConfig;
  interrupt_.raise();
}

void MmioTransport::complain(std::string_view what) {
  if (std::exchange(complained_, true)) return;
  report_fault_(device_.name(), what);
}

}  // namespace husk::virtio
