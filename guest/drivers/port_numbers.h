// I/O ports of machines that are not husk's: where the kernel's words can go.
#pragma once

#include <cstdint>

namespace kernel::drivers {

inline constexpr std::uint16_t kSerialPort = 0x3f8;       // COM1, a 16550
inline constexpr std::uint16_t kDebugConsolePort = 0xe9;  // QEMU's isa-debugcon

}  // namespace kernel::drivers
