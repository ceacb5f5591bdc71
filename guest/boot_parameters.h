// What the VMM tells the kernel: the device tree of docs/device-tree.md, read once into a struct. Texts and lists are
// views into the tree, which stays in memory that the kernel never allocates from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "abi/husk_abi.h"
#include "lib/fdt.h"

namespace kernel {

// Guest-physical, in bytes.
struct PhysicalRange {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint64_t end() const { return start + size; }
};

// What the guest uses a virtio device for (property husk,role).
enum class DeviceRole : std::uint8_t { kUnknown, kStdin, kStdout, kStderr, kTerminal, kRng, kBalloon };

struct DeviceDescription {
  DeviceRole role = DeviceRole::kUnknown;
  std::uint8_t vector = 0;  // of its interrupt
  PhysicalRange registers;
  bool acknowledge = false;  // its interrupt is a line that stays up until the driver acknowledges it at the device
  // Guest-physical pages of queues that the VMM has set up (0: this queue is not); has_queues: the device is up
  // already.
  bool has_queues = false;
  std::array<std::uint64_t, 2> queues{};
};

struct PayloadDescription {
  fdt::StringList arguments;  // argv; never empty
  fdt::StringList environment;
  std::string_view working_directory = "/";
  std::string_view host_name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool terminal = false;              // stdin, stdout and stderr are one terminal
  std::uint64_t ignored_signals = 0;  // bit n - 1: signal n
  std::uint64_t blocked_signals = 0;

  // Limits that are not this kernel's own: the number of a resource, its soft and its hard limit.
  struct Limit {
    std::uint64_t resource;
    std::uint64_t soft;
    std::uint64_t hard;
  };
  std::size_t limit_count() const { return limits.size() / sizeof(Limit); }
  Limit limit(std::size_t index) const;  // index < limit_count()

  std::span<const std::byte> limits;  // big-endian

  std::size_t group_count() const { return groups.size() / 4; }
  std::uint32_t group(std::size_t index) const;  // index < group_count()

  std::span<const std::byte> groups;  // supplementary groups, big-endian cells

  std::string_view user;  // NAME|UID[:GROUP|GID] to be looked up in the image; empty: uid, gid and groups are all
  std::uint32_t stop_signal = 0;                      // what the payload gets for the host's SIGTERM; 0: that
  bool read_only = false;                             // the root file system, once the payload starts
  fdt::StringList etc_files;                          // names in /etc and contents, by turns
  fdt::StringList tmpfs;                              // paths and mount options, by turns
  std::uint32_t tmpfs_flag(std::size_t index) const;  // of mount(2); index < tmpfs.count() / 2

  std::span<const std::byte> tmpfs_flags;  // big-endian cells
};

// A machine that is not husk's has I/O ports instead of the control device (property names of /husk/ports).
struct MachinePorts {
  bool present = false;
  std::uint16_t log = 0;
  std::optional<std::uint16_t> exit;  // of QEMU's isa-debug-exit
};

struct BootParameters {
  std::array<PhysicalRange, 2> memory;
  std::size_t memory_count = 0;
  PhysicalRange root_image;      // size 0: none
  std::uint64_t kernel_end = 0;  // first guest-physical address after the kernel

  std::span<const std::byte> random_seed;
  std::uint64_t tsc_khz = 0;
  std::uint64_t xapic_timer_khz = 0;  // 0: the local APIC is an x2APIC with a TSC-deadline timer
  std::uint64_t boot_tsc = 0;
  std::uint64_t boot_realtime_ns = 0;
  std::uint32_t log_level = 4;
  std::uint32_t cpu_features = 0;       // CPUID.1:EDX
  std::uint64_t vector_components = 0;  // what the control device saves and loads; 0: it does not

  std::array<DeviceDescription, husk::abi::kMaxMmioDevices> devices;
  std::size_t device_count = 0;
  PayloadDescription payload;
  MachinePorts ports;

  std::span<const DeviceDescription> device_list() const { return {devices.data(), device_count}; }
  // The first device with this role, or null.
  const DeviceDescription* find_device(DeviceRole role) const;
};

// Fills `parameters` from the tree in `blob`. Returns what is wrong with the tree, in words, or an empty text.
std::string_view read_boot_parameters(std::span<const std::byte> blob, BootParameters& parameters);

// Reads the tree at this guest-physical address, which the VMM passes at entry. Panics if it lacks something.
// Needs neither heap nor clock nor log level.
void initialise_boot_parameters(std::uint64_t tree_gpa);
const BootParameters& boot_parameters();

}  // namespace kernel
