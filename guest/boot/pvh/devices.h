// The virtio-mmio devices of the command line: what they are for, and how their interrupts reach the processor.
#pragma once

#include <span>

#include "boot/pvh/command_line.h"
#include "boot/pvh/tree_writer.h"

namespace kernel::pvh {

// Looks at each device and writes its node. One console is the payload's terminal, three are its standard input, output
// and error, in the order of the command line. `terminal` tells which.
Problem write_devices(std::span<const DeviceWord> devices, TreeWriter& tree, bool& terminal);

}  // namespace kernel::pvh
