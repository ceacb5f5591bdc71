// The virtio-mmio transport, version 2 (virtio 1.2, section 4.2): one device's registers, its state machine and its
// queues. The device behind it (device.h) sees queues and the configuration space only.
//
// A driver that breaks a rule of a queue gets DEVICE_NEEDS_RESET and a configuration change interrupt (section 2.1.2),
// and the VMM's log says which rule; nothing more is processed until it resets the device. Register accesses that make
// no sense (a wrong width, an unknown offset, a change at the wrong time) read as zero or are ignored, and are reported
// once per reset.
//
// Interrupts are message-signalled here: an unacknowledged InterruptStatus does not hold back the next `raise`, so a
// driver that can tell why it was interrupted need not spend exits on InterruptStatus and InterruptACK.
//
// Every turn of a device is bounded (queue.h), so a register access is. What a notification asks for beyond that is
// done later, on the I/O thread, turn by turn; the lock is free in between.
//
// Threading: every entry takes `mutex`. vCPU threads come in through read and write; the device's own callbacks on the
// I/O thread take the mutex themselves. InterruptLine::raise and the fault reporter are called with it held.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <vector>

#include "common/guest_memory.h"
#include "devices/event_loop.h"
#include "devices/fair_mutex.h"
#include "devices/interrupt_line.h"
#include "devices/mmio_device.h"
#include "devices/virtio/device.h"

namespace husk::virtio {

class MmioTransport final : public MmioDevice, public Transport {
 public:
  // Told of what a guest did wrong: the device's name and a sentence. A guest can provoke it at will, hence once per
  // reset and cause; the receiver should still limit how much it prints.
  using FaultReporter = std::function<void(std::string_view device, std::string_view what)>;

  // All must outlive the transport; the loop must have been stopped before the transport goes.
  MmioTransport(Device& device, const GuestMemory& memory, InterruptLine& interrupt, EventLoop& loop,
                FaultReporter report_fault);

  void read(std::uint64_t offset, std::span<std::byte> data) override;
  void write(std::uint64_t offset, std::span<const std::byte> data) override;

  // Lets the device reach the guest from outside (a window size that changed): takes the mutex itself.
  void notify_config_changed();

  FairMutex& mutex() override { return mutex_; }
  Queue& queue(std::size_t index) override { return queues_[index].queue; }
  void interrupt_used() override;
  void interrupt_config() override;
  void work(std::size_t index) override;
  void check_queues() override;

 private:
  struct QueueState {
    explicit QueueState(const GuestMemory& memory) : queue(memory) {}
    QueueLayout layout;  // as written so far
    Queue queue;
    // A turn is asked of the event loop. Stays as it is over a reset, so that there is never more than one request,
    // however often a guest resets the device.
    bool turn_requested = false;
  };

  std::uint32_t read_register(std::uint64_t offset);
  void write_register(std::uint64_t offset, std::uint32_t value);
  void write_queue_register(std::uint64_t offset, std::uint32_t value);
  void write_status(std::uint32_t value);
  void enable_queue(std::uint32_t value);
  void notify(std::uint32_t index);
  void reset();
  void complain(std::string_view what);
  void needs_reset(QueueError error);
  bool active() const;
  std::uint64_t offered_features() const;
  QueueState* selected();

  Device& device_;
  InterruptLine& interrupt_;
  EventLoop& loop_;
  FaultReporter report_fault_;

  FairMutex mutex_;  // guards everything below, and the device
  std::vector<QueueState> queues_;
  std::uint32_t status_ = 0;
  std::uint32_t interrupt_status_ = 0;
  std::uint32_t config_generation_ = 0;
  std::uint32_t device_features_select_ = 0;
  std::uint32_t driver_features_select_ = 0;
  std::uint64_t driver_features_ = 0;
  std::uint32_t queue_select_ = 0;
  bool complained_ = false;
};

}  // namespace husk::virtio
