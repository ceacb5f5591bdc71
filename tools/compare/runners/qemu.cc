#include "tools/compare/runners/qemu.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tools/compare/isolation/vm_interfaces.h"
#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr char kProgram[] = "qemu-system-x86_64";
constexpr std::uintmax_t kMemoryMegabytes = 64;  // what `husk run` gives by default

// A word of the kernel's command line (docs/pvh.md).
std::string quoted(const std::string& word) {
  std::string text = "\"";
  for (const char character : word) {
    if (character == '"' || character == '\\') text += '\\';
    text += character;
  }
  return text + "\"";
}

}  // namespace

Availability Qemu::detect(const Context& context) const {
  const std::string program = find_program(kProgram);
  if (program.empty()) return {false, {}, "not installed (apt package qemu-system-x86)"};
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  if (access(context.husk.c_str(), X_OK) != 0) return {false, {}, "not there (" + context.husk.string() + ")"};
  return {true, version_of(program), {}};
}

void Qemu::prepare(const Context& context) {
  program_ = find_program(kProgram);
  kernel_ = context.scratch / (name() + "-kernel.elf");
  log_ = context.scratch / (name() + "-log");
  if (!output_of({context.husk, "kernel", kernel_})) throw Error("run", "husk kernel", "it failed");
}

std::string Qemu::objection(const Invocation& invocation) const {
  return invocation.form == RootForm::kDirectory ? "it boots from an image file" : "";
}

std::vector<std::string> Qemu::command(const Invocation& invocation) {
  // QEMU puts the image into the machine's RAM, husk's VMM beside it: the payload gets the same.
  constexpr std::uintmax_t kMegabyte = 1 << 20;
  const std::uintmax_t image = std::filesystem::file_size(invocation.root->erofs);
  const std::uintmax_t asked = invocation.memory_bytes != 0 ? invocation.memory_bytes / kMegabyte : kMemoryMegabytes;
  const std::uintmax_t memory = asked + (image + kMegabyte - 1) / kMegabyte;
  std::string line = "init=" + quoted(invocation.argv[0]) + " husk.exit=0x501 console=debugcon --";
  for (std::size_t i = 1; i < invocation.argv.size(); ++i) line += " " + quoted(invocation.argv[i]);
  std::vector<std::string> words = {
      program_, "-M", "microvm,accel=kvm,kernel-irqchip=split,acpi=off,pic=off,pit=off,rtc=off,isa-serial=off",
      // kvm_pvm refuses to set the MSR of this feature.
      "-cpu", "host,-arch-capabilities", "-m", std::to_string(memory), "-nodefaults", "-no-user-config", "-nographic",
      "-no-reboot", "-global", "virtio-mmio.force-legacy=false", "-kernel", kernel_, "-initrd",
      invocation.root->erofs.string(), "-append", line, "-device", "isa-debug-exit,iobase=0x501,iosize=1"};
  const auto add_chardev = [&](const std::string& id, const std::string& path) {
    words.insert(words.end(), {"-chardev", path.empty() ? "null,id=" + id : "file,id=" + id + ",path=" + path});
  };
  add_chardev("log", log_);
  words.insert(words.end(), {"-device", "isa-debugcon,iobase=0xe9,chardev=log"});
  // Standard input, output and error, in the order in which the kernel counts consoles.
  const std::pair<std::string, std::string> streams[] = {{"in", ""}, {"out", "/dev/stdout"}, {"err", "/dev/stderr"}};
  for (const auto& [id, path] : streams) {
    add_chardev(id, path);
    words.insert(words.end(), {"-device", "virtio-serial-device,id=bus-" + id + ",max_ports=1", "-device",
                               "virtconsole,bus=bus-" + id + ".0,chardev=" + id});
  }
  return words;
}

std::vector<std::string> Qemu::interfaces(const std::vector<std::string>& command) const {
  return qemu_interfaces(command);
}

int Qemu::payload_status(int exit_status) const {
  constexpr int kAskTheLog = 255;
  constexpr int kNotTheKernelsWord = 125;
  // The kernel's status n ends QEMU with 2n + 3 (docs/pvh.md); 1 and all that is even is QEMU's own.
  constexpr int kOwnFailure = 1;
  if (exit_status == kOwnFailure || exit_status == 0) return kNotTheKernelsWord;
  if (exit_status % 2 == 0) return exit_status;
  if (exit_status != kAskTheLog) return exit_status / 2 - 1;
  std::ifstream log(log_);
  int status = kNotTheKernelsWord;
  for (std::string line; std::getline(log, line);) {
    constexpr std::string_view kKey = "husk: exit status ";
    if (line.starts_with(kKey)) status = std::atoi(line.c_str() + kKey.size());
  }
  return status;
}

}  // namespace husk::compare
