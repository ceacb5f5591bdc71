// husk's control device: how the guest kernel ends its VM, hands over its log, and learns of signals that husk was sent
// (abi/husk_abi.h, ControlRegister). It is the only device that every guest touches, so it is one register write, not a
// virtio device.
//
// Threading: registers are accessed from vCPU threads, `forward_signal` from any thread or signal handler. There is no
// lock: the pending signals are one atomic word. ControlHost's functions are called on the vCPU thread that wrote.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/address.h"
#include "devices/interrupt_line.h"
#include "devices/mmio_device.h"

namespace husk {

// What the machine does when the guest asks. Values come from the guest and mean no more than they say.
class ControlHost {
 public:
  virtual ~ControlHost() = default;
  // The payload exited with `code`, or was killed by `signal` (0: it was not). The VM must not run further.
  virtual void guest_exited(std::uint8_t code, std::uint8_t signal) = 0;
  virtual void guest_panicked() = 0;
  virtual void flush_guest_log() = 0;
  // rows << 16 | columns; 0 without a terminal.
  virtual std::uint32_t window_size() = 0;
  // The vCPU's vector registers, to and from guest memory. Where the guest was not offered it, nothing happens.
  virtual void save_vectors(Gpa area) = 0;
  virtual void load_vectors(Gpa area) = 0;
  // The guest will use this RAM, if it is RAM.
  virtual void prepare_ram(Gpa start, std::uint64_t size) = 0;
};

class ControlDevice final : public MmioDevice {
 public:
  static constexpr int kMaxSignal = 31;  // the standard signals; real-time ones are not forwarded

  ControlDevice(ControlHost& host, InterruptLine& interrupt) : host_(host), interrupt_(interrupt) {}

  void read(std::uint64_t offset, std::span<std::byte> data) override;
  void write(std::uint64_t offset, std::span<const std::byte> data) override;

  // Makes `signal` pending for the guest and interrupts it. False if the number is out of range. Async-signal-safe.
  bool forward_signal(int signal);

  // What the guest has not taken yet; bit n: signal n. Async-signal-safe.
  std::uint32_t pending_signals() const { return pending_signals_; }

 private:
  ControlHost& host_;
  InterruptLine& interrupt_;
  std::atomic<std::uint32_t> pending_signals_ = 0;
};

}  // namespace husk
