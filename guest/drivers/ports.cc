#include "drivers/ports.h"

#include <algorithm>

#include "abi/husk_abi.h"
#include "arch/x86_64/privileged.h"
#include "boot_parameters.h"
#include "drivers/port_numbers.h"
#include "lib/format.h"
#include "mm/address.h"

namespace kernel::drivers {
namespace {

// What the exit port is told: the status and 1, so that QEMU never ends with 1, its status for troubles of its own.
constexpr unsigned kSeeLog = 127;
constexpr unsigned exit_code(unsigned status) {
  return std::min(status + 1, kSeeLog);
}

constinit std::uint64_t g_printed = 0;  // bytes of the log

// A 16550 takes a byte when its transmit holding register is empty (line status register, bit 5). A port without a
// device reads as all ones. QEMU's debug console always takes one.
void put(char c) {
  constexpr std::uint16_t kLineStatus = 5;
  constexpr std::uint8_t kTransmitterEmpty = 0x20;
  const std::uint16_t port = boot_parameters().ports.log;
  if (port == kSerialPort) {
    while (!(arch::read_port(port + kLineStatus) & kTransmitterEmpty)) __builtin_ia32_pause();
  }
  arch::write_port(port, static_cast<std::uint8_t>(c));
}

void print(std::string_view text) {
  for (const char c : text) put(c);
}

// The log's new lines, without their severity.
void print_log() {
  const auto& log = *mm::physical_pointer<const husk::abi::GuestLog>(husk::abi::kGuestLogGpa);
  const std::uint64_t oldest = log.written - std::min<std::uint64_t>(log.written, sizeof log.text);
  g_printed = std::max(g_printed, oldest);
  constexpr std::size_t kSeverity = 3;  // "<4>" before each line
  std::size_t column = 0;
  for (; g_printed < log.written; ++g_printed) {
    const char c = log.text[g_printed % sizeof log.text];
    if (column == 0) print("husk: guest: ");
    if (column >= kSeverity || c == '\n') put(c);
    column = c == '\n' ? 0 : column + 1;
  }
}

}  // namespace

void end_machine_by_port(unsigned status) {
  print_log();
  const auto exit = boot_parameters().ports.exit;
  if (!exit || exit_code(status) == kSeeLog) {
    FixedText<40> line;
    line.print("husk: exit status {}\n", status);
    print(line.view());
  }
  if (exit) arch::write_port(*exit, static_cast<std::uint8_t>(exit_code(status)));
  arch::reset_machine();
}

}  // namespace kernel::drivers
