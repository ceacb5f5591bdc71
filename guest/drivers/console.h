// virtio-console, driver's side (virtio 1.2, section 5.3, with husk's stream extension: abi/husk_abi.h). The payload's
// standard streams are character devices over it: three streams, or one terminal (tty.h).
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
#include "fs/char_device.h"
#include "lib/result.h"

namespace kernel::drivers {

// The device of this role (a stream or the terminal), or null if the VM has none.
fs::CharDevice* console_device(DeviceRole role);

// Before the VM ends: waits until the host has taken all output, or until abandon_console_output().
void wait_for_console_output();
void abandon_console_output();

// One virtio-console device: its transport and the directions that its role uses.
class ConsolePort {
 public:
  constexpr ConsolePort(bool has_input, bool has_output)
      : input(changed), output(changed), has_input_(has_input), has_output_(has_output) {}

  // Brings the device up unless it is already. kNoDev, kNoMem.
  Result<void> start(DeviceRole role, InterruptHandler& handler);
  void acknowledge_interrupt() { transport_.acknowledge_interrupt(); }
  bool started() const { return started_; }

  task::WaitQueue changed;  // of either direction
  ConsoleInput input;
  ConsoleOutput output;

 private:
  Result<void> negotiate(const DeviceDescription& device);

  const bool has_input_;
  const bool has_output_;
  bool started_ = false;
  VirtioMmio transport_;
};

}  // namespace kernel::drivers
