// virtio-console, driver's side (virtio 1.2, section 5.3, with husk's stream extension: abi/husk_abi.h). Over its ports
// there are the payload's standard streams (fs/console.h): three streams, or one terminal (tty/console_tty.h).
//
// A device is taken into use at the first read or write: a payload that never reads its standard input never pays for
// it.
#pragma once

#include <cstdint>

#include "boot_parameters.h"
#include "drivers/console_input.h"
#include "drivers/console_output.h"
#include "drivers/interrupts.h"
#include "drivers/virtio_mmio.h"
#include "lib/result.h"
#include "task/wait_queue.h"

namespace kernel::drivers {

// Before the VM ends: waits until the host has taken all output, or until abandon_console_output().
void wait_for_console_output();
void abandon_console_output();

// One virtio-console device: its transport and the directions that its role uses.
class ConsolePort {
 public:
  constexpr explicit ConsolePort(DeviceRole role)
      : input(changed),
        output(changed),
        role_(role),
        has_input_(role == DeviceRole::kStdin || role == DeviceRole::kTerminal),
        has_output_(role != DeviceRole::kStdin) {}

  // Brings the device up unless it is already. kNoDev, kNoMem.
  Result<void> start(InterruptHandler& handler);
  void acknowledge_interrupt() { transport_.acknowledge_interrupt(); }
  bool started() const { return started_; }
  DeviceRole role() const { return role_; }

  task::WaitQueue changed;  // of either direction
  ConsoleInput input;
  ConsoleOutput output;

 private:
  Result<void> negotiate(const DeviceDescription& device);

  const DeviceRole role_;
  const bool has_input_;
  const bool has_output_;
  bool started_ = false;
  VirtioMmio transport_;
};

// The port of this role, started or not; null if the VM has none.
ConsolePort* console_port(DeviceRole role);

}  // namespace kernel::drivers
