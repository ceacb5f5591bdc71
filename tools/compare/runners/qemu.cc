#include "tools/compare/runners/qemu.h"

#include <unistd.h>

#include "tools/compare/isolation/vm_interfaces.h"
#include "tools/compare/process.h"
#include "tools/compare/runners/qemu_words.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr char kProgram[] = "qemu-system-x86_64";
constexpr std::uintmax_t kMemoryMegabytes = 64;  // what `husk run` gives by default

constexpr std::uintmax_t kMegabyte = 1 << 20;

std::filesystem::path no_huge_pages(const Context& context) {
  return context.beside_husk("no-huge-pages");
}

std::string kilobytes(std::uintmax_t bytes) {
  return std::to_string(bytes / 1024) + "K";
}

// Memory and image.
struct Memory {
  std::vector<std::string> words;  // of QEMU's command line
  std::string kernel_word;         // of the kernel's
};

// The image as a module: QEMU reads it into the machine's RAM, which gets that much more, so that the payload has as
// much as it has with husk's VMM, where the image is no part of RAM.
Memory memory_with_module(std::uintmax_t asked, const std::filesystem::path& image) {
  const std::uintmax_t size = (std::filesystem::file_size(image) + kMegabyte - 1) / kMegabyte * kMegabyte;
  return {{"-m", kilobytes(asked + size), "-initrd", image.string()}, {}};
}

// The image as the memory of a NUMA node of its own: a private read-only mapping of the file, of which the guest reads
// the host's page cache. microvm has neither nvdimm nor pc-dimm.
Memory memory_with_mapping(std::uintmax_t asked, const std::filesystem::path& image) {
  const std::uintmax_t size = std::filesystem::file_size(image);  // a multiple of 4 KiB, as every EROFS image
  constexpr std::uintmax_t kUnit = 8192;                          // of -m
  const std::uintmax_t ram = asked + (kUnit - (asked + size) % kUnit) % kUnit;
  return {
      {"-m", kilobytes(ram + size), "-object", "memory-backend-ram,id=ram,size=" + kilobytes(ram), "-object",
       "memory-backend-file,id=image,share=off,readonly=on,size=" + kilobytes(size) + ",mem-path=" + qemu_value(image),
       "-numa", "node,memdev=ram", "-numa", "node,memdev=image"},
      "husk.image=" + std::to_string(size) + "@" + std::to_string(ram) + " "};
}

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

std::string Qemu::name() const {
  switch (variant_) {
    case Variant::kMapped:
      return "qemu-mapped";
    case Variant::kNoHugePages:
      return "qemu-no-thp";
    case Variant::kUsual:
      break;
  }
  return "qemu";
}

Availability Qemu::detect(const Context& context) const {
  const std::string program = find_program(kProgram);
  if (program.empty()) return {false, {}, "not installed (apt package qemu-system-x86)"};
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  if (access(context.husk.c_str(), X_OK) != 0) return {false, {}, "not there (" + context.husk.string() + ")"};
  if (variant_ == Variant::kNoHugePages && access(no_huge_pages(context).c_str(), X_OK) != 0) {
    return {false, {}, "not there (" + no_huge_pages(context).string() + ")"};
  }
  return {true, version_of(program), {}};
}

void Qemu::prepare(const Context& context) {
  program_ = find_program(kProgram);
  before_.clear();
  if (variant_ == Variant::kNoHugePages) before_.push_back(no_huge_pages(context));
  kernel_ = context.scratch / (name() + "-kernel.elf");
  log_ = context.scratch / (name() + "-log");
  if (!output_of({context.husk, "kernel", kernel_})) throw Error("run", "husk kernel", "it failed");
}

std::string Qemu::objection(const Invocation& invocation) const {
  return invocation.form == RootForm::kDirectory ? "it boots from an image file" : "";
}

std::vector<std::string> Qemu::command(const Invocation& invocation) {
  const std::uintmax_t asked = invocation.memory_bytes != 0 ? invocation.memory_bytes : kMemoryMegabytes * kMegabyte;
  const std::filesystem::path& image = invocation.root->erofs;
  const Memory memory =
      variant_ == Variant::kMapped ? memory_with_mapping(asked, image) : memory_with_module(asked, image);
  std::string line =
      "init=" + quoted(invocation.argv[0]) + " " + memory.kernel_word + "husk.exit=0x501 console=debugcon --";
  for (std::size_t i = 1; i < invocation.argv.size(); ++i) line += " " + quoted(invocation.argv[i]);
  std::vector<std::string> words = before_;
  words.push_back(program_);
  words.insert(words.end(),
               {"-M", "microvm,accel=kvm,kernel-irqchip=split,acpi=off,pic=off,pit=off,rtc=off,isa-serial=off",
                // kvm_pvm refuses to set the MSR of this feature.
                "-cpu", "host,-arch-capabilities", "-nodefaults", "-no-user-config", "-nographic", "-no-reboot",
                "-global", "virtio-mmio.force-legacy=false", "-kernel", kernel_, "-append", line, "-device",
                "isa-debug-exit,iobase=0x501,iosize=1"});
  words.insert(words.end(), memory.words.begin(), memory.words.end());
  const auto add_chardev = [&](const std::string& id, const std::string& path) {
    words.insert(words.end(),
                 {"-chardev", path.empty() ? "null,id=" + id : "file,id=" + id + ",path=" + qemu_value(path)});
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

Boundary Qemu::boundary(const std::vector<std::string>&) const {
  return {.kind = Boundary::Kind::kVcpus, .program = program_, .arguments = {}};
}

std::vector<std::string> Qemu::interfaces(const std::vector<std::string>& command) const {
  return qemu_interfaces(command);
}

int Qemu::payload_status(int exit_status) const {
  return status_from_guest(exit_status, log_);
}

}  // namespace husk::compare
