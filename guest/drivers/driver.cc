#include "drivers/driver.h"

#include "drivers/balloon.h"
#include "drivers/console.h"
#include "drivers/rng.h"

namespace kernel::drivers {
namespace {

constexpr const Driver* kDrivers[] = {&kConsoleDriver, &kEntropyDriver, &kBalloonDriver};

}  // namespace

void finish_devices() {
  for (const Driver* driver : kDrivers) {
    for (Device* device : driver->devices) {
      if (device->started()) device->finish();
    }
  }
}

void give_up_devices() {
  for (const Driver* driver : kDrivers) {
    for (Device* device : driver->devices) device->give_up();
  }
}

}  // namespace kernel::drivers
