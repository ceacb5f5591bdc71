// The PVH loader's C++: does for another VMM's virtual machine what husk's VMM does for its own
// (vmm/machine/machine.cc, load_boot_tables). It reads the boot loader's start info, writes page tables, descriptor
// tables and the device tree where abi/husk_abi.h says, and enters the kernel, which cannot tell the difference.
//
// Runs on page tables that map the first 4 GiB at mm::kKernelBase, in CPL 3 where CPL 0 is emulated. An exception here
// is a triple fault.
#include "abi/husk_abi.h"
#include "abi/x86_tables.h"
#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/xapic.h"
#include "boot/pvh/command_line.h"
#include "boot/pvh/devices.h"
#include "boot/pvh/gate.h"
#include "boot/pvh/local_apic.h"
#include "boot/pvh/memory_map.h"
#include "boot/pvh/page_tables.h"
#include "boot/pvh/processor.h"
#include "boot/pvh/start_info.h"
#include "boot/pvh/tree_writer.h"
#include "drivers/port_numbers.h"
#include "lib/string.h"
#include "mm/address.h"

#pragma GCC visibility push(hidden)
extern "C" {
// kernel.ld
extern const char kernel_rodata_start[], kernel_data_start[], kernel_bss_end[];
extern const char loader_text_start[], loader_data_start[], loader_end[];
// arch/x86_64/entry.S
extern const char vector_stubs_ring0[], vector_stubs_ring3[];
extern const char emergency_stack[], emergency_stack_top[], boot_stack[], boot_stack_top[], first_stack[],
    first_stack_top[];
extern std::byte tss[];
}
#pragma GCC visibility pop

namespace kernel::pvh {
namespace {

using arch::cpuid;

namespace abi = husk::abi;

constexpr std::uint64_t kMappedEnd = std::uint64_t{1} << 32;  // what the loader itself can reach
constexpr std::size_t kMaxCommandLine = 64 * 1024;
constexpr std::uint32_t kMaxModules = 1;
constexpr std::uint64_t kLowMemoryEnd = 0xa'0000;  // a PC's RAM below 1 MiB
constexpr std::uint64_t kMinLowMemory = 64 * 1024;
constexpr std::uint64_t kTssSize = 104;
constexpr std::uint64_t kVectorStubSize = 16;
constexpr std::uint8_t kExitError = 125 + 1;  // status 125, as drivers/ports.cc tells it

constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constinit std::uint16_t log_port_ = drivers::kSerialPort;
constinit std::optional<std::uint16_t> exit_port_;
constinit MemoryMap map_;
constinit PhysicalRange low_;  // for page tables and the device tree
constinit Options options_;
constinit Handoff handoff_;

void print(std::string_view text) {
  for (const char c : text) write_port(log_port_, static_cast<std::uint8_t>(c));
}

[[noreturn]] void fail(const Problem& problem) {
  print("husk: cannot boot: ");
  print(problem.what);
  if (!problem.object.empty()) {
    print(": ");
    print(problem.object);
  }
  print("\n");
  if (exit_port_) write_port(*exit_port_, kExitError);
  gate(Gate::kReset);
  __builtin_unreachable();
}

void check(const Problem& problem) {
  if (problem) fail(problem);
}

// A boot loader's array; empty if it does not lie in reach.
template <typename T>
std::span<T> array_at(std::uint64_t address, std::uint64_t count) {
  if (address >= kMappedEnd || count > (kMappedEnd - address) / sizeof(T)) return {};
  return {mm::physical_pointer<T>(address), count};
}

std::span<char> command_line(const StartInfo& info) {
  const std::span<char> text = array_at<char>(info.command_line, kMaxCommandLine);
  const std::size_t length = std::string_view(text.data(), text.size()).find('\0');
  if (info.command_line == 0 || text.empty()) fail({"there is no command line", ""});
  if (length == std::string_view::npos) fail({"the command line is longer than 64 KiB", ""});
  return text.first(length + 1);
}

// The root image: where the command line says, else the boot loader's first module.
PhysicalRange find_image(const StartInfo& info) {
  const std::span<const ModuleEntry> modules = array_at<const ModuleEntry>(info.modules, info.module_count);
  if (info.module_count > kMaxModules) fail({"more than one module: the root image is the only one", ""});
  PhysicalRange image;
  if (options_.image) {
    if (!modules.empty()) fail({"the root image is a module and in husk.image= as well", ""});
    image = {options_.image->base, options_.image->size};
  } else {
    if (modules.empty()) fail({"there is no root image: give an EROFS image as module (QEMU: -initrd)", ""});
    image = {modules[0].start, modules[0].size};
  }
  if (image.start % mm::kPageSize != 0) fail({"the root image does not begin at a page", ""});
  if (image.size == 0 || image.end() < image.start) fail({"the root image has no valid size", ""});
  return image;
}

// The map without what the boot loader's own data and the kernel occupy.
void read_memory(const StartInfo& info, std::span<const char> line, const PhysicalRange& image) {
  const auto entries = array_at<const MemoryMapEntry>(info.memory_map, info.memory_map_count);
  if (info.version < 1 || entries.empty()) fail({"the boot loader passes no memory map", ""});
  check(map_.read(entries));
  // Registers are no RAM, whatever the map says: what follows finds them in nobody's memory.
  check(map_.reserve(arch::kXapicGpa, mm::kPageSize));
  for (const DeviceWord& device : std::span(options_.devices).first(options_.device_count)) {
    check(map_.reserve(device.base, device.size));
  }
  if (!map_.contains(abi::kKernelGpa, mm::physical_of(loader_end) - abi::kKernelGpa)) {
    fail({"the kernel lies in memory that the map does not call RAM", ""});
  }
  if (!map_.contains(image.start, image.size)) {
    fail({"the root image lies in memory that the map does not call RAM", ""});
  }
  check(map_.reserve(image.start, image.size));
  check(map_.reserve(mm::physical_of(line.data()), line.size()));
  // The command line is needed until the tree is written. The rest has been read now (QEMU's firmware has some of it on
  // its stack at 31 KiB), but is not zero, as the kernel expects its memory to be.
  if (!map_.contains(abi::kGdtGpa, abi::kBootTablesGpa - abi::kGdtGpa)) {
    fail({"the memory from 4 KiB to 32 KiB, where the kernel's tables go, is not free", ""});
  }
  low_ = map_.largest(abi::kBootTablesGpa, kLowMemoryEnd);
  if (low_.size < kMinLowMemory) fail({"too little free RAM between 32 KiB and 640 KiB", ""});
  const PhysicalRange touched[] = {{mm::physical_of(&info), sizeof info},
                                   {info.modules, sizeof(ModuleEntry)},
                                   {info.memory_map, entries.size_bytes()}};
  for (const PhysicalRange& range : touched) check(map_.reserve(range.start, range.size));
}

void write_descriptor_tables(bool ring0) {
  const auto gdt = abi::make_gdt(reinterpret_cast<std::uint64_t>(tss), kTssSize);
  memcpy(mm::physical_pointer<std::byte>(abi::kGdtGpa), gdt.data(), sizeof gdt);
  const auto stubs = reinterpret_cast<std::uint64_t>(ring0 ? vector_stubs_ring0 : vector_stubs_ring3);
  auto* idt = mm::physical_pointer<std::byte>(abi::kIdtGpa);
  for (std::uint64_t vector = 0; vector < abi::kIdtEntries; ++vector) {
    const auto entry = abi::make_interrupt_gate(vector, stubs + vector * kVectorStubSize, ring0);
    memcpy(idt + vector * sizeof entry, entry.data(), sizeof entry);
  }
  handoff_.gdt = {.limit = sizeof gdt - 1, .base = abi::kKernelBase + abi::kGdtGpa};
  handoff_.idt = {.limit = abi::kIdtEntries * 16 - 1, .base = abi::kKernelBase + abi::kIdtGpa};
}

// The statistics and the log (abi::GuestStats, abi::GuestLog) start as zeros, whatever firmware left there.
void clear_shared_pages() {
  memset(mm::physical_pointer<std::byte>(abi::kGuestStatsGpa), 0, abi::kBootTablesGpa - abi::kGuestStatsGpa);
}

void map_memory(PageTables& tables, const KernelMemory& memory, const PhysicalRange& image) {
  const auto map_segment = [&](const char* start, const char* end, PageAccess access) {
    tables.map(mm::physical_of(start), static_cast<std::uint64_t>(end - start), access);
  };
  tables.map(abi::kGdtGpa, abi::kGuestStatsGpa - abi::kGdtGpa, PageAccess::kReadOnly);
  tables.map(abi::kGuestStatsGpa, low_.end() - abi::kGuestStatsGpa, PageAccess::kReadWrite);
  map_segment(mm::physical_pointer<const char>(abi::kKernelGpa), kernel_rodata_start, PageAccess::kReadExecute);
  map_segment(kernel_rodata_start, kernel_data_start, PageAccess::kReadOnly);
  map_segment(kernel_data_start, kernel_bss_end, PageAccess::kReadWrite);
  map_segment(emergency_stack, emergency_stack_top, PageAccess::kReadWrite);
  map_segment(boot_stack, boot_stack_top, PageAccess::kReadWrite);
  map_segment(first_stack, first_stack_top, PageAccess::kReadWrite);
  map_segment(loader_text_start, loader_data_start, PageAccess::kReadExecute);  // the way into the kernel leads here
  for (std::size_t i = 0; i < memory.count; ++i) {
    tables.map(memory.ranges[i].start, memory.ranges[i].size, PageAccess::kReadWrite);
  }
  tables.map(image.start, image.size, PageAccess::kReadOnly);
  tables.map(arch::kXapicGpa, mm::kPageSize, PageAccess::kReadWrite);
  for (std::size_t i = 0; i < options_.device_count; ++i) {
    tables.map(options_.devices[i].base, options_.devices[i].size, PageAccess::kReadWrite);
  }
}

bool has_variable(std::string_view name) {
  for (const std::string_view word : options_.environment) {
    if (is_variable(word) && word.starts_with(name) && word.substr(name.size()).starts_with('=')) return true;
  }
  return false;
}

void write_payload(TreeWriter& tree, bool terminal) {
  tree.begin("payload");
  tree.begin_property("argv");
  tree.append_string(options_.program);
  tree.append(options_.arguments.bytes());
  tree.end_property();
  tree.begin_property("env");  // with the variables that `husk run` sets as well
  if (!has_variable("PATH")) tree.append_string(kDefaultPath);
  if (!has_variable("HOSTNAME")) {
    tree.append("HOSTNAME=");
    tree.append_string(options_.host_name);
  }
  if (!has_variable("HOME")) tree.append_string(options_.uid == 0 ? "HOME=/root" : "HOME=/");
  for (const std::string_view word : options_.environment) {
    if (is_variable(word)) tree.append_string(word);
  }
  tree.end_property();
  tree.string("cwd", options_.working_directory);
  tree.string("hostname", options_.host_name);
  tree.u32("uid", options_.uid);
  tree.u32("gid", options_.gid);
  if (terminal) tree.empty("terminal");
  tree.end();
}

void write_tree(std::span<std::byte> room, const KernelMemory& memory, const PhysicalRange& image) {
  Clock clock;
  check(read_clock(options_.tsc_khz, clock));
  LocalApic apic;
  check(enable_local_apic(clock.tsc_khz, apic));
  Seed seed;
  check(read_seed(seed));

  TreeWriter tree(room);
  tree.begin("");
  tree.u32("#address-cells", 2);
  tree.u32("#size-cells", 2);
  tree.string("compatible", "husk");
  for (std::size_t i = 0; i < memory.count; ++i) {
    tree.begin_at("memory", memory.ranges[i].start);
    tree.string("device_type", "memory");
    tree.reg(memory.ranges[i].start, memory.ranges[i].size);
    tree.end();
  }
  tree.begin_at("pmem", image.start);
  tree.string("compatible", "pmem-region");
  tree.reg(image.start, image.size);
  tree.end();
  tree.begin("chosen");
  tree.bytes("rng-seed", std::as_bytes(std::span(seed)));
  tree.end();
  bool terminal = false;
  check(write_devices(std::span(options_.devices).first(options_.device_count), tree, terminal));
  tree.begin("husk");
  tree.u32("tsc-khz", clock.tsc_khz);
  if (apic.xapic_timer_khz != 0) tree.u32("xapic-timer-khz", apic.xapic_timer_khz);
  tree.u64("boot-tsc", clock.boot_tsc);
  tree.u64("boot-realtime-ns", clock.boot_realtime_ns);
  tree.u32("log-level", options_.log_level);
  tree.u32("cpu-features", cpuid(1).edx);
  tree.u64("kernel-end", mm::physical_of(loader_end));
  write_payload(tree, terminal);
  tree.begin("ports");
  tree.u32("log", log_port_);
  if (options_.exit_port) tree.u32("exit", *options_.exit_port);
  tree.end();
  tree.end();
  tree.end();
  if (tree.finish() == 0) fail({"the payload's arguments and environment do not fit below 640 KiB", ""});
}

void choose_state(bool ring0, bool emulated) {
  const Features features = find_features();
  // KVM's instruction emulator knows FXSAVE but not XSAVE (vmm/machine/machine.cc).
  const bool xsave = features.xsave && !(emulated && ring0);
  handoff_.cr4 = abi::kCr4Pae | abi::kCr4Pge | abi::kCr4Osfxsr | abi::kCr4Osxmmexcpt | abi::kCr4Fsgsbase;
  if (xsave) handoff_.cr4 |= abi::kCr4Osxsave;
  if (ring0 && features.smep) handoff_.cr4 |= abi::kCr4Smep;
  if (ring0 && features.smap) handoff_.cr4 |= abi::kCr4Smap;
  handoff_.xcr0 = xsave ? features.xcr0 : 0;
  handoff_.star = abi::kStar;
  handoff_.syscall_mask = ring0 ? abi::kSyscallMaskRing0 : abi::kSyscallMaskRing3;
  handoff_.cs = ring0 ? abi::kKernelCs : abi::kUserCs;
  handoff_.ss = ring0 ? abi::kKernelSs : abi::kUserSs;
  handoff_.rflags = abi::kRflagsReserved | (ring0 ? 0 : abi::kRflagsIf);
  handoff_.ring = ring0 ? 0 : 3;
}

}  // namespace

// entry.S. `slow`: CPL 0 is emulated instruction by instruction.
extern "C" [[noreturn]] void load_kernel(std::uint64_t start_info, std::uint64_t slow) {
  const auto& info = *mm::physical_pointer<const StartInfo>(start_info);
  if (start_info >= kMappedEnd || info.magic != kStartMagic) fail({"entered without the PVH start info", ""});
  const std::span<char> line = command_line(info);
  Words words;
  const Problem unclosed = split(line, words);
  log_port_ = find_log_port(words);
  const Problem unusable = read_options(words, options_);
  exit_port_ = options_.exit_port;
  check(unclosed);
  check(unusable);
  const PhysicalRange image = find_image(info);
  read_memory(info, line, image);

  const bool emulated = slow != 0;
  const bool ring0 = options_.ring ? *options_.ring == 0 : !emulated;
  choose_state(ring0, emulated);
  const KernelMemory memory = kernel_memory(map_, mm::physical_of(loader_end));
  if (memory.count == 0) fail({"too little RAM behind the kernel", ""});
  write_descriptor_tables(ring0);
  clear_shared_pages();

  PageTables tables(low_, !ring0);
  map_memory(tables, memory, image);
  if (!tables.complete()) fail({"the page tables do not fit below 640 KiB", ""});
  const std::span room(mm::physical_pointer<std::byte>(tables.next_free()), low_.end() - tables.next_free());
  write_tree(room, memory, image);
  handoff_.cr3 = tables.root();
  handoff_.device_tree = tables.next_free();
  gate(Gate::kEnterKernel, reinterpret_cast<std::uint64_t>(&handoff_));
  __builtin_unreachable();
}

}  // namespace kernel::pvh
