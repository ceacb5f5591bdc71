#include "drivers/device.h"

#include "drivers/driver.h"
#include "lib/log.h"
#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::drivers {
namespace {

constexpr std::uint32_t kMostQueues = 5;  // of any device that there is a driver for: a balloon's
constexpr std::uint32_t kMostQueuesSetUp = std::tuple_size_v<decltype(DeviceDescription::queues)>;

}  // namespace

Result<void> Device::bring_up() {
  const DeviceDescription* description = boot_parameters().find_device(role_);
  if (!description) return Errno::kNoDev;
  const std::uint64_t features = TRY(description->has_queues ? adopt(*description) : negotiate(*description));
  attach(features);
  if (!description->has_queues) transport_.start();
  set_interrupt_handler(description->vector, *this);
  started_ = true;
  return {};
}

// A queue keeps its page after a start that failed, for the next try: a page that the device knows must not be freed. It
// holds zeros still, since the device was not started and got no request.
Result<std::uint64_t> Device::negotiate(const DeviceDescription& description) {
  const std::uint64_t features = TRY(transport_.negotiate(description, driver_.type, driver_.features));
  for (std::uint32_t index = 0; index < kMostQueues; ++index) {
    VirtQueue* const queue = this->queue(index, features);
    if (!queue) continue;
    const std::uint16_t size = TRY(transport_.select_queue(index, driver_.queue_size, driver_.least_queue_size));
    std::byte* const page = queue->page() ? queue->page() : mm::frame_data(TRY(mm::allocate_frame(mm::Fill::kZero)));
    queue->initialise(page, size);
    transport_.enable_queue(*queue);
  }
  return features;
}

// The VMM has accepted all features that the driver can use, and set up queues.
Result<std::uint64_t> Device::adopt(const DeviceDescription& description) {
  for (std::uint32_t index = 0; index < kMostQueuesSetUp; ++index) {
    VirtQueue* const queue = this->queue(index, driver_.features);
    if (!queue) continue;
    if (description.queues[index] == 0) {
      log(LogLevel::kError, "{} at {x}: the VMM has not set up queue {}", driver_.name, description.registers.start,
          index);
      return Errno::kNoDev;
    }
    queue->initialise(mm::physical_pointer<std::byte>(description.queues[index]), husk::abi::kPreparedQueueSize);
  }
  transport_.adopt(description);
  return driver_.features;
}

void Device::handle_interrupt() {
  transport_.acknowledge_interrupt();
  answered();
}

}  // namespace kernel::drivers
