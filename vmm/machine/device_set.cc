#include "vmm/machine/device_set.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "devices/virtio/prepare.h"
#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::machine {
namespace {

// Which a guest can provoke as often as it likes.
void report_fault(GuestWords& words, std::string_view device, std::string_view what) {
  if (!log::enabled(log::Severity::kWarning)) return;
  std::string text = "guest broke the rules of device ";
  text.append(device).append(": ").append(what);
  words.say(log::Severity::kWarning, text);
}

}  // namespace

DeviceSet::Slot::Slot(virtio::Device& device, const GuestMemory& memory, const kvm::Vm& vm, std::uint8_t vector,
                      EventLoop& loop, GuestWords& words)
    : line(vm, vector), transport(device, memory, line, loop, [&words](std::string_view name, std::string_view what) {
        report_fault(words, name, what);
      }) {}

DeviceSet::DeviceSet(const ContainerSpec& spec, GuestRam& ram, const kvm::Vm& vm, EventLoop& loop,
                     ControlHost& control_host, GuestWords& words)
    : memory_(ram.memory()),
      vm_(vm),
      loop_(loop),
      words_(words),
      control_line_(vm, abi::kControlVector),
      control_(control_host, control_line_),
      balloon_(ram) {
  window_.add(control_);  // abi::kControlGpa: the first page
  nodes_.reserve(5);
  if (spec.terminal) {
    add_console({.name = "terminal", .input_fd = STDIN_FILENO, .output_fd = STDOUT_FILENO, .terminal = true});
    terminal_ = &consoles_.back();
  } else {
    add_console({.name = "stdin", .input_fd = STDIN_FILENO, .output_fd = {}, .terminal = false});
    add_console({.name = "stdout", .input_fd = {}, .output_fd = STDOUT_FILENO, .terminal = false});
    add_console({.name = "stderr", .input_fd = {}, .output_fd = STDERR_FILENO, .terminal = false});
  }
  add(rng_, "rng");
  add(balloon_, "balloon");
}

void DeviceSet::add_console(virtio::Console::Options options) {
  consoles_.emplace_back(options, loop_);
  add(consoles_.back(), options.name);
}

void DeviceSet::add(virtio::Device& device, std::string_view role) {
  const auto vector = static_cast<std::uint8_t>(abi::kFirstDeviceVector + slots_.size());
  slots_.emplace_back(device, memory_, vm_, vector, loop_, words_);
  nodes_.push_back({.registers = window_.add(slots_.back().transport), .vector = vector, .role = role});
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

void DeviceSet::set_window_size(std::uint16_t rows, std::uint16_t columns) {
  if (terminal_ == nullptr) return;
  terminal_->set_window_size(rows, columns);
  slots_.front().transport.notify_config_changed();
}

}  // namespace husk::machine
