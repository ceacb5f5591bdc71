// virtio-console, driver's side (virtio 1.2, section 5.3, with husk's stream extension: abi/husk_abi.h). Over its ports
// there are the payload's standard streams (fs/console.h): three streams, or one terminal (tty/console_tty.h).
#pragma once

#include <cstdint>
#include <span>

#include "boot_parameters.h"
#include "drivers/console_input.h"
#include "drivers/console_output.h"
#include "drivers/device.h"
#include "drivers/driver.h"
#include "lib/result.h"
#include "task/wait_queue.h"

namespace kernel::drivers {

extern const Driver kConsoleDriver;

// What somebody makes of a port's bytes as they come, also while nobody reads: a terminal.
class ConsoleListener {
 public:
  virtual void console_changed() = 0;  // must not block

 protected:
  ~ConsoleListener() = default;
};

// One virtio-console device and the directions that its role uses.
class ConsolePort final : public Device {
 public:
  enum class Directions : std::uint8_t { kInput, kOutput, kBoth };

  constexpr ConsolePort(DeviceRole role, Directions directions, std::span<char> echo_room = {})
      : Device(kConsoleDriver, role), input(changed), output(changed, echo_room), directions_(directions) {}

  bool has_input() const { return directions_ != Directions::kOutput; }
  bool has_output() const { return directions_ != Directions::kInput; }
  // `listener` is told instead of the input.
  void set_listener(ConsoleListener& listener) { listener_ = &listener; }

  void finish() override;
  void give_up() override;

  task::WaitQueue changed;  // of either direction
  ConsoleInput input;
  ConsoleOutput output;

 private:
  VirtQueue* queue(std::uint32_t index, std::uint64_t features) override;
  void attach(std::uint64_t features) override;
  void answered() override;

  const Directions directions_;
  bool given_up_ = false;
  ConsoleListener* listener_ = nullptr;
};

// The port of this role, started or not; null if the VM has none.
ConsolePort* console_port(DeviceRole role);

}  // namespace kernel::drivers
