// The boot loader's command line, with Linux's conventions (Documentation/admin-guide/kernel-parameters.rst):
//
//   init=/bin/prog console=ttyS0 LANG=C husk.cwd=/tmp -- one "two words"
//
// Words are separated by white space; double quotes hold one together, and inside them a backslash takes the next
// character as it is. Words before `--` are the kernel's, and VARIABLE=VALUE the payload's environment; words behind it
// are the payload's arguments. QEMU's microvm machine appends virtio_mmio.device= words behind everything, so these are
// the kernel's at the very end as well. docs/pvh.md lists the words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/pvh/problem.h"
#include "drivers/port_numbers.h"
#include "lib/fdt.h"

namespace kernel::pvh {

// A command line in words, without quotes: views into the line's own memory, which split() rewrites. The line's last
// character is its NUL. Where a quote is not closed, the words are those before it.
struct Words {
  fdt::StringList kernel;
  fdt::StringList arguments;
};
Problem split(std::span<char> line, Words& words);

// virtio_mmio.device=SIZE@BASE:IRQ[:ID]
struct DeviceWord {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::uint32_t irq = 0;
};

// husk.image=SIZE@BASE
struct ImageWord {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
};

struct Options {
  static constexpr std::size_t kMaxDevices = 24;  // pins of one I/O APIC

  std::string_view program;
  fdt::StringList arguments;    // without the program's name
  fdt::StringList environment;  // the kernel's words: those that is_variable() accepts
  std::string_view working_directory = "/";
  std::string_view host_name = "husk";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t log_level = 4;
  std::optional<std::uint32_t> ring;       // 0 or 3; nothing: as measured
  std::optional<std::uint16_t> exit_port;  // of QEMU's isa-debug-exit
  std::uint16_t log_port = drivers::kSerialPort;
  std::uint32_t tsc_khz = 0;       // 0: find out
  std::optional<ImageWord> image;  // where the root image lies; nothing: the boot loader's module
  std::array<DeviceWord, kMaxDevices> devices;
  std::size_t device_count = 0;
};

// The log port alone, for saying what is wrong with the rest.
std::uint16_t find_log_port(const Words& words);
// Tells of the first bad word, but reads the others as well: how to say it and how to end are among them.
Problem read_options(const Words& words, Options& options);
// NAME=VALUE whose name the shell would accept.
bool is_variable(std::string_view word);

}  // namespace kernel::pvh
