// The devices of one micro-VM and their places: page n of the MMIO window holds device n, the control device first, and
// its interrupt is a message with a vector of its own.
//
// Threading: built before the guest runs, fixed from then on.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "abi/husk_abi.h"
#include "common/guest_memory.h"
#include "devices/control.h"
#include "devices/event_loop.h"
#include "devices/mmio_window.h"
#include "devices/virtio/balloon.h"
#include "devices/virtio/console.h"
#include "devices/virtio/mmio.h"
#include "devices/virtio/rng.h"
#include "vmm/boot/boot_arena.h"
#include "vmm/boot/device_tree.h"
#include "vmm/container_spec.h"
#include "vmm/kvm/vm.h"
#include "vmm/machine/guest_ram.h"
#include "vmm/machine/guest_words.h"

namespace husk::machine {

class DeviceSet {
 public:
  // Standard input, output and error as three consoles, or as one terminal; a random number generator; a balloon. The
  // event loop must be stopped before the set is destroyed; everything must outlive it.
  DeviceSet(const ContainerSpec& spec, GuestRam& ram, const kvm::Vm& vm, EventLoop& loop, ControlHost& control_host,
            GuestWords& words);

  // Sets up the consoles' queues in pages of the arena, so that the guest need not (abi/husk_abi.h, "prepared
  // virtqueues"). The rest (random number generator, balloon) waits for the guest to want it. Throws husk::Error.
  void prepare_queues(boot::BootArena& arena);

  ControlDevice& control() { return control_; }
  // Their registers.
  const MmioWindow& window() const { return window_; }
  // The virtio devices, as the device tree names them.
  std::span<const boot::VirtioNode> nodes() const { return nodes_; }
  // The terminal's window has changed.
  void set_window_size(std::uint16_t rows, std::uint16_t columns);

 private:
  // An edge on this line is a message to the local APIC.
  class MsiLine final : public InterruptLine {
   public:
    MsiLine(const kvm::Vm& vm, std::uint8_t vector) : vm_(vm), vector_(vector) {}
    void raise() override { vm_.signal_msi(vector_); }

   private:
    const kvm::Vm& vm_;
    std::uint8_t vector_;
  };

  struct Slot {
    Slot(virtio::Device& device, const GuestMemory& memory, const kvm::Vm& vm, std::uint8_t vector, EventLoop& loop,
         GuestWords& words);
    MsiLine line;
    virtio::MmioTransport transport;
  };

  void add(virtio::Device& device, std::string_view role);
  void add_console(virtio::Console::Options options);

  const GuestMemory& memory_;
  const kvm::Vm& vm_;
  EventLoop& loop_;
  GuestWords& words_;
  MsiLine control_line_;
  ControlDevice control_;
  std::deque<virtio::Console> consoles_;  // a deque and not a vector: its elements stay where they are
  virtio::Rng rng_;
  virtio::Balloon balloon_;
  std::deque<Slot> slots_;
  MmioWindow window_;
  std::vector<boot::VirtioNode> nodes_;
  virtio::Console* terminal_ = nullptr;
};

}  // namespace husk::machine
