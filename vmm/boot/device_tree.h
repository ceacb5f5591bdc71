// The flattened device tree that describes the machine and its payload to the guest kernel: docs/device-tree.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/address.h"
#include "vmm/boot/boot_arena.h"
#include "vmm/container_spec.h"

namespace husk::boot {

struct MemoryRange {
  Gpa start;
  std::uint64_t size = 0;
};

struct VirtioNode {
  Gpa registers;
  std::uint8_t vector = 0;
  std::string_view role;  // "stdin", "stdout", "stderr", "terminal", "rng", "balloon"
  // Pages of queues that are set up already, Gpa{0} for a queue that is not; no queues at all: the guest brings the
  // device up.
  std::vector<Gpa> queues = {};
};

struct Clock {
  std::uint32_t tsc_khz = 0;
  std::uint64_t boot_tsc = 0;  // guest's TSC and CLOCK_REALTIME at one moment
  std::uint64_t boot_realtime_ns = 0;
};

struct DeviceTreeInput {
  std::span<const MemoryRange> ram;
  std::optional<MemoryRange> root_image;
  std::span<const VirtioNode> devices;
  Clock clock;
  std::uint32_t log_level = 4;          // syslog severity
  std::uint32_t cpu_features = 0;       // CPUID.1:EDX of the guest's processor
  std::uint64_t vector_components = 0;  // what the VMM saves and loads for the kernel (abi::ControlRegister)
  Gpa kernel_end;
  std::array<std::byte, 64> rng_seed{};
  const ContainerSpec* payload = nullptr;
};

// Builds the tree in guest memory, in what is left of the arena, and returns its address. Throws husk::Error when the
// payload's arguments and environment do not fit.
Gpa write_device_tree(BootArena& arena, const DeviceTreeInput& input);

}  // namespace husk::boot
