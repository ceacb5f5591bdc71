// One micro-VM, from nothing to the payload's exit status.
//
// The vCPU runs on the thread that calls `run`. Devices that have to wait use the I/O thread, which exists from the
// first time that one does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "devices/control.h"
#include "vmm/boot/device_tree.h"
#include "vmm/boot/kernel_file.h"
#include "vmm/boot/kernel_image.h"
#include "vmm/container_spec.h"
#include "vmm/kvm/statistics.h"
#include "vmm/kvm/system.h"
#include "vmm/machine/device_set.h"
#include "vmm/machine/guest_log.h"
#include "vmm/machine/guest_ram.h"
#include "vmm/machine/guest_words.h"
#include "vmm/machine/host_profile.h"
#include "vmm/machine/io_thread.h"
#include "vmm/machine/timeline.h"
#include "vmm/sandbox/identity.h"
#include "vmm/terminal.h"

namespace husk::machine {

// The root file system: an EROFS image, mapped read-only into the guest from the host's page cache.
struct RootImageFile {
  // Where the image is an index over layers: one of these, `offset` behind its begin. In order, and apart from each other.
  struct Layer {
    UniqueFd fd;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string name;
  };

  UniqueFd fd;
  std::uint64_t size = 0;
  std::string name;  // for messages
  std::vector<Layer> layers{};

  // How much of the guest's addresses they take together.
  std::uint64_t span() const { return layers.empty() ? size : layers.back().offset + layers.back().size; }
};

struct MachineConfig {
  const ContainerSpec* spec = nullptr;
  kvm::System system;
  HostProfile profile{};  // of `system`
  std::optional<RootImageFile> root_image{};
  std::string kernel_path{};        // empty: the embedded kernel
  bool wants_kvm_counters = false;  // for Timeline::kvm_counters
  sandbox::Jail jail{};             // what the VMM gives up when it runs the guest
  std::vector<int> kept_open{};     // descriptors of the caller's that it still needs then
};

class Machine final : private ControlHost {
 public:
  // Builds the VM up to its first instruction. Throws husk::Error.
  Machine(MachineConfig config, Timeline& timeline);
  ~Machine() override;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Runs the guest to its end. Returns the exit status for husk: the payload's, 128 + n for signal n, or 125 when the
  // guest kernel failed, which has then been said in one line.
  int run();

 private:
  void load_boot_tables(const boot::KernelImage& image, boot::Ring ring);
  boot::Ring prepare_cpu();
  boot::Clock relate_clocks();
  bool emulates_cpl0() const;  // in software, instruction by instruction; known after prepare_cpu()
  void add_memory_slots();
  void map_root_image(std::byte* address) const;
  void handle_exit();
  void handle_mmio(kvm_run& state);
  void fail(const std::string& reason);
  void read_kvm_counters();
  void confine() const;

  void guest_exited(std::uint8_t code, std::uint8_t signal) override;
  void guest_panicked() override;
  void flush_guest_log() override { guest_log_.print_new_lines(); }
  std::uint32_t window_size() override;
  void save_vectors(Gpa area) override;
  void load_vectors(Gpa area) override;
  void prepare_ram(Gpa start, std::uint64_t size) override { ram_.populate(start, size); }

  const ContainerSpec& spec_;
  Timeline& timeline_;
  sandbox::Jail jail_;
  std::vector<int> kept_open_;
  std::optional<RootImageFile> root_image_;
  boot::MemoryRange root_range_;  // where the guest finds the root image; size 0: there is none
  Mapping root_mapping_;          // empty if it is mapped behind the RAM
  GuestRam ram_;
  kvm::System system_;
  kvm::Vm vm_;
  std::optional<kvm::Vcpu> vcpu_;
  std::vector<kvm::Statistics> statistics_;  // empty unless wanted
  HostProfile profile_;
  std::uint64_t vector_components_ = 0;  // what save_vectors is for; 0: the guest was not offered it
  GuestWords guest_words_;
  GuestLogReader guest_log_;

  IoThread io_thread_;
  std::optional<DeviceSet> devices_;
  std::optional<RawTerminal> terminal_;
  std::optional<int> exit_status_;
};

}  // namespace husk::machine
