// The control device: how the guest ends its VM, and how it learns of signals that husk was sent. Its registers are
// abi::ControlRegister.
//
// Threading: registers are accessed and signals are posted on the vCPU's thread only.
#pragma once

#include <cstdint>

#include "devices/interrupt_line.h"
#include "devices/mmio_device.h"

namespace husk::machine {

// Called on the vCPU's thread, from inside a register access.
class ControlListener {
 public:
  virtual ~ControlListener() = default;
  virtual void guest_exited(std::uint8_t code, std::uint8_t signal) = 0;
  virtual void guest_panicked() = 0;
  virtual void flush_log_requested() = 0;
};

class ControlDevice final : public MmioDevice {
 public:
  ControlDevice(InterruptLine& line, ControlListener& listener) : line_(line), listener_(listener) {}

  void read(std::uint64_t offset, std::span<std::byte> data) override;
  void write(std::uint64_t offset, std::span<const std::byte> data) override;

  // Bit n is signal n. The guest is interrupted; it reads kSignals to fetch them.
  void post_signals(std::uint32_t mask);

 private:
  InterruptLine& line_;
  ControlListener& listener_;
  std::uint32_t signals_ = 0;
};

}  // namespace husk::machine
