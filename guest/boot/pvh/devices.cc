#include "boot/pvh/devices.h"

#include "abi/husk_abi.h"
#include "drivers/mmio.h"
#include "drivers/virtio_mmio.h"

namespace kernel::pvh {
namespace {

// Virtio 1.2, 4.2.2.
constexpr std::uint64_t kMagicValue = 0x000, kVersion = 0x004, kDeviceId = 0x008;
constexpr std::uint32_t kVirtioMagic = 0x7472'6976;  // "virt"
constexpr std::uint32_t kModernVersion = 2;

// The I/O APIC of a PC (Intel 82093AA): a register number goes to the first word, its value to the second.
constexpr std::uint64_t kIoApic = 0xfec0'0000;
constexpr std::uint64_t kIoApicSelect = 0x00, kIoApicData = 0x10;
constexpr std::uint32_t kRedirectionTable = 0x10;

// Edge-triggered, active high, fixed delivery to the processor with APIC id 0: zeros but for the vector. The upper half
// of the entry is the destination and 0 since reset. The lines are levels, but the driver acknowledges every interrupt
// at the device before it looks at the queues, which lowers the line: what comes later is an edge again, and the I/O
// APIC needs no end of interrupt.
void route(std::uint32_t pin, std::uint8_t vector) {
  drivers::write_register(kIoApic + kIoApicSelect, kRedirectionTable + 2 * pin);
  drivers::write_register(kIoApic + kIoApicData, vector);
}

Problem check(const DeviceWord& device) {
  if (drivers::read_register(device.base + kMagicValue) != kVirtioMagic) {
    return {"there is no virtio-mmio device where the command line says", ""};
  }
  if (drivers::read_register(device.base + kVersion) != kModernVersion) {
    return {"the virtio-mmio devices are of the legacy kind: give QEMU -global virtio-mmio.force-legacy=false", ""};
  }
  return {};
}

}  // namespace

Problem write_devices(std::span<const DeviceWord> devices, TreeWriter& tree, bool& terminal) {
  // One check for all: a machine's transports are of one kind.
  if (!devices.empty()) {
    if (const Problem problem = check(devices.front())) return problem;
  }
  std::array<std::uint32_t, Options::kMaxDevices> ids{};
  std::size_t consoles = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    ids[i] = drivers::read_register(devices[i].base + kDeviceId);
    if (ids[i] == drivers::kVirtioConsole) ++consoles;
  }
  if (consoles != 1 && consoles != 3) {
    return {"give one virtio console (a terminal) or three (standard input, output and error)", ""};
  }
  terminal = consoles == 1;
  constexpr std::string_view kStreams[] = {"stdin", "stdout", "stderr"};
  std::size_t stream = 0;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const DeviceWord& device = devices[i];
    std::string_view role;
    if (ids[i] == drivers::kVirtioConsole) role = terminal ? "terminal" : kStreams[stream++];
    if (ids[i] == drivers::kVirtioEntropy) role = "rng";
    if (ids[i] == drivers::kVirtioBalloon) role = "balloon";
    if (role.empty()) continue;  // nothing that the kernel has a driver for
    const auto vector = static_cast<std::uint8_t>(husk::abi::kFirstDeviceVector + i);
    route(device.irq, vector);
    tree.begin_at("virtio_mmio", device.base);
    tree.string("compatible", "virtio,mmio");
    tree.reg(device.base, device.size);
    tree.u32("interrupts", vector);
    tree.empty("husk,acknowledge");
    tree.string("husk,role", role);
    tree.end();
  }
  return {};
}

}  // namespace kernel::pvh
