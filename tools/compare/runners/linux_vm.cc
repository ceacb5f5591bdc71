#include "tools/compare/runners/linux_vm.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tools/compare/isolation/vm_interfaces.h"
#include "tools/compare/process.h"
#include "tools/compare/runners/qemu_words.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "qemu-system-x86_64";

// Where no limit is asked for. The kernel itself takes some 50 MiB of it.
constexpr std::uint64_t kMemoryMegabytes = 128;

// Without what no machine of one second needs. Most words are those that Kata Containers gives its kernel
// (src/runtime/virtcontainers/qemu_amd64.go).
constexpr char kCommandLine[] =
    "quiet panic=-1 reboot=t tsc=reliable no_timer_check noreplace-smp cryptomgr.notests rcupdate.rcu_expedited=1 "
    "8250.nr_uarts=0";

// An installed kernel, or the one that tools/quickstart has unpacked.
linux_vm::Kernel kernel_of(const Context& context) {
  return linux_vm::find_kernel({"/", context.beside_husk("linux")});
}

// What `husk doctor` has measured of guest CPL 0: "1502.2 TSC ticks (579 ns) per instruction: KVM emulates it"; empty
// without KVM.
std::string cpl0_of(const Context& context) {
  std::istringstream lines(output_of({context.husk, "doctor"}).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kTopic = "guest CPL 0";
    if (line.starts_with(kTopic)) return line.substr(std::min(line.find_first_not_of(' ', kTopic.size()), line.size()));
  }
  return {};
}

bool is_emulated(const std::string& cpl0) {
  return cpl0.ends_with("KVM emulates it");
}

}  // namespace

Availability LinuxVm::detect(const Context& context) const {
  const std::string program = find_program(kProgram);
  if (program.empty()) return {false, {}, "not installed (apt package qemu-system-x86)"};
  if (find_program("cpio").empty()) return {false, {}, "not installed (apt package cpio)"};
  const fs::path kernel = kernel_of(context).image;
  if (kernel.empty()) {
    return {false, {}, "no kernel for it (tools/quickstart unpacks one, or apt package linux-image-cloud-amd64)"};
  }
  for (const char* file : {"linux-vm-init", "count-instructions.so"}) {
    if (access(context.beside_husk(file).c_str(), R_OK) != 0) {
      return {false, {}, "not there (" + context.beside_husk(file).string() + ")"};
    }
  }
  const bool has_kvm = access("/dev/kvm", R_OK | W_OK) == 0;
  if (processor_ == Processor::kKvm) {
    if (!has_kvm) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
    const std::string cpl0 = cpl0_of(context);
    if (is_emulated(cpl0))
      return {false,
              {},
              "no boot in time: guest CPL 0 takes " + cpl0 +
                  "; see linux-vm-tcg, and docs/linux-vm.md for the VM exits of a boot"};
  } else if (has_kvm && !is_emulated(cpl0_of(context))) {
    return {false, {}, "not needed: KVM runs linux-vm on the processor itself"};
  }
  return {true, version_of(program) + ", " + kernel.filename().string(), {}};
}

void LinuxVm::prepare(const Context& context) {
  directory_ = context.scratch / name();
  fs::create_directories(directory_);
  counter_ = context.beside_husk("count-instructions.so");
  const linux_vm::Kernel kernel = kernel_of(context);
  linux_vm::extract_kernel(kernel.image, directory_ / "vmlinux");
  const char* bus = processor_ == Processor::kKvm ? "virtio_mmio" : "virtio_pci";
  initramfs_.emplace(
      directory_, context.beside_husk("linux-vm-init"),
      linux_vm::modules_in_order(kernel.modules, {bus, "virtio_blk", "virtio_console", "erofs", "overlay"}));
}

std::string LinuxVm::objection(const Invocation& invocation) const {
  return invocation.form == RootForm::kDirectory ? "it boots from an image file" : "";
}

// Linux does not wait until a port's device has taken what was written (port_fops_write in virtio_console.c). Without an
// ioeventfd the device takes it within the notification, and so before the machine ends.
LinuxVm::Machine LinuxVm::machine() const {
  if (processor_ == Processor::kKvm) {
    return {{"-M", "microvm,accel=kvm,acpi=on,pic=off,pit=off,rtc=off,isa-serial=off", "-cpu", "host", "-global",
             "virtio-mmio.force-legacy=false", "-global", "virtio-mmio.ioeventfd=off"},
            "virtio-blk-device",
            "virtio-serial-device"};
  }
  // Without KVM's clock Linux calibrates its timers with those of a PC, which microvm has not when it has ACPI; without
  // ACPI Debian's kernel finds no virtio device there.
  return {{"-M", "pc,accel=tcg", "-cpu", "max"}, "virtio-blk-pci", "virtio-serial-pci,ioeventfd=off"};
}

std::vector<std::string> LinuxVm::command(const Invocation& invocation) {
  const Machine machine = this->machine();
  const std::uint64_t megabytes = invocation.memory_bytes != 0 ? invocation.memory_bytes >> 20 : kMemoryMegabytes;
  std::vector<std::string> words = {find_program(kProgram)};
  words.insert(words.end(), machine.words.begin(), machine.words.end());
  words.insert(words.end(),
               {"-m",          std::to_string(megabytes),
                "-nodefaults", "-no-user-config",
                "-nographic",  "-no-reboot",
                "-kernel",     directory_ / "vmlinux",
                "-initrd",     initramfs_->with_payload(invocation.argv),
                "-append",     kCommandLine,
                "-device",     "isa-debug-exit,iobase=0x501,iosize=1",
                "-chardev",    "file,id=log,path=" + qemu_value(directory_ / "log"),
                "-device",     "isa-debugcon,iobase=0xe9,chardev=log",
                "-drive",      "if=none,id=root,format=raw,readonly=on,file=" + qemu_value(invocation.root->erofs),
                "-device",     machine.disk + ",drive=root",
                "-device",     machine.ports + ",id=streams"});
  const std::pair<const char*, const char*> streams[] = {
      {"in", "stdio,signal=off"}, {"out", "file,path=/dev/stdout"}, {"err", "file,path=/dev/stderr"}};
  for (int number = 1; const auto& [id, chardev] : streams) {
    words.insert(words.end(), {"-chardev", std::string(chardev) + ",id=" + id, "-device",
                               "virtserialport,bus=streams.0,nr=" + std::to_string(number++) + ",chardev=" + id});
  }
  if (processor_ == Processor::kSoftware && invocation.wants_vm_exits) {
    words.insert(words.end(), {"-plugin", qemu_value(counter_) + ",to=" + qemu_value(directory_ / "counts")});
  }
  return words;
}

nlohmann::ordered_json LinuxVm::vm_exits() const {
  if (processor_ == Processor::kKvm) return nullptr;
  std::ifstream file(directory_ / "counts");
  std::uint64_t in_kernel = 0, in_programs = 0;
  if (!(file >> in_kernel >> in_programs)) return nullptr;
  return {{"guest_cpl0_instructions", in_kernel}, {"guest_cpl3_instructions", in_programs}};
}

std::vector<std::string> LinuxVm::interfaces(const std::vector<std::string>& command) const {
  return qemu_interfaces(command);
}

int LinuxVm::payload_status(int exit_status) const {
  return status_from_guest(exit_status, directory_ / "log");
}

}  // namespace husk::compare
