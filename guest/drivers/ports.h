// How the VM ends and where its log goes on a machine without husk's control device (QEMU: docs/pvh.md): through I/O
// ports that the device tree names (/husk/ports).
#pragma once

#include <cstdint>

namespace kernel::drivers {

// Ends the VM. `status`: as a shell would say it, 0 to 255. Through the exit port if there is one, which is told
// status + 1, at most 127; that means that the last line of the log port says it: "husk: exit status N". Without an
// exit port that line is always written, and the machine is reset.
[[noreturn]] void end_machine_by_port(unsigned status);

}  // namespace kernel::drivers
