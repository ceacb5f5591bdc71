#include "vmm/machine/device_set.h"

#include <unistd.h>

#include <atomic>
#include <cassert>
#include <utility>

#include "devices/virtio/prepare.h"
#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::machine {
namespace {

// A guest can break rules as fast as it likes; a few lines tell as much as a million.
constexpr unsigned kMaxFaultLines = 16;

void report_fault(std::string_view device, std::string_view what) {
  static std::atomic<unsigned> lines{0};
  if (lines.fetch_add(1, std::memory_order_relaxed) >= kMaxFaultLines) return;
  log::print(log::Severity::kWarning, "guest broke the rules of device %.*s: %.*s", static_cast<int>(device.size()),
             device.data(), static_cast<int>(what.size()), what.data());
}

}  // namespace

DeviceSet::Slot::Slot(virtio::Device& device, const GuestMemory& memory, const kvm::Vm& vm, std::uint8_t vector)
    : line(vm, vector), transport(device, memory, line, report_fault) {}

DeviceSet::DeviceSet(const ContainerSpec& spec, const GuestMemory& memory, const kvm::Vm& vm, EventLoop& loop,
                     ControlHost& control_host)
    : memory_(memory), vm_(vm), control_line_(vm, abi::kControlVector), control_(control_host, control_line_) {
  nodes_.reserve(4);
  if (spec.terminal) {
    add_console({.name = "terminal", .input_fd = STDIN_FILENO, .output_fd = STDOUT_FILENO, .terminal = true}, loop);
    terminal_ = &consoles_.back();
  } else {
    add_console({.name = "stdin", .input_fd = STDIN_FILENO, .output_fd = {}, .terminal = false}, loop);
    add_console({.name = "stdout", .input_fd = {}, .output_fd = STDOUT_FILENO, .terminal = false}, loop);
    add_console({.name = "stderr", .input_fd = {}, .output_fd = STDERR_FILENO, .terminal = false}, loop);
  }
  add(rng_, "rng");
}

void DeviceSet::add_console(virtio::Console::Options options, EventLoop& loop) {
  consoles_.emplace_back(options, loop);
  add(consoles_.back(), options.name);
}

void DeviceSet::add(virtio::Device& device, std::string_view role) {
  const std::size_t index = slots_.size();
  assert(index + 1 < abi::kMaxMmioDevices);
  const auto vector = static_cast<std::uint8_t>(abi::kFirstDeviceVector + index);
  slots_.emplace_back(device, memory_, vm_, vector);
  nodes_.push_back({.registers = Gpa{abi::kMmioBase + (index + 1) * abi::kMmioStride}, .vector = vector, .role = role});
}

void DeviceSet::prepare_queues(boot::BootArena& arena) {
  // The consoles come first in the slots, in the same order.
  for (std::size_t i = 0; i < consoles_.size(); ++i) {
    std::vector<virtio::PreparedQueue> queues;
    std::vector<Gpa> pages(2);
    const auto add_queue = [&](std::size_t index) {
      pages[index] = arena.allocate(abi::kPageSize, "a device's queue");
      queues.push_back({.index = static_cast<std::uint32_t>(index), .page = pages[index]});
    };
    if (consoles_[i].has_input()) add_queue(virtio::Console::kReceiveQueue);
    if (consoles_[i].has_output()) add_queue(virtio::Console::kTransmitQueue);
    if (!virtio::prepare_device(slots_[i].transport, abi::kConsoleFeatureStream, queues)) {
      throw Error("set up", consoles_[i].name(), "the device refuses its own features or queues");
    }
    nodes_[i].queues = std::move(pages);
  }
}

MmioDevice* DeviceSet::at(Gpa address) const {
  if (address.value < abi::kMmioBase) return nullptr;
  const std::uint64_t page = (address.value - abi::kMmioBase) / abi::kMmioStride;
  if (page == 0) return const_cast<ControlDevice*>(&control_);
  if (page - 1 >= slots_.size()) return nullptr;
  return const_cast<virtio::MmioTransport*>(&slots_[page - 1].transport);
}

void DeviceSet::set_window_size(std::uint16_t rows, std::uint16_t columns) {
  if (terminal_ == nullptr) return;
  terminal_->set_window_size(rows, columns);
  slots_.front().transport.notify_config_changed();
}

}  // namespace husk::machine
