#include "boot_parameters.h"

#include "lib/log.h"
#include "lib/tsc.h"
#include "mm/address.h"

namespace kernel {
namespace {

constinit BootParameters g_parameters;

std::optional<std::uint64_t> number_u64(const fdt::Node& node, std::string_view name) {
  const auto property = node.property(name);
  return property ? property->as_u64() : std::nullopt;
}

std::optional<std::uint32_t> number_u32(const fdt::Node& node, std::string_view name) {
  const auto property = node.property(name);
  return property ? property->as_u32() : std::nullopt;
}

std::optional<std::string_view> text(const fdt::Node& node, std::string_view name) {
  const auto property = node.property(name);
  return property ? property->as_string() : std::nullopt;
}

fdt::StringList text_list(const fdt::Node& node, std::string_view name) {
  const auto property = node.property(name);
  return property ? property->as_string_list() : fdt::StringList();
}

std::span<const std::byte> bytes(const fdt::Node& node, std::string_view name) {
  const auto property = node.property(name);
  return property ? property->bytes() : std::span<const std::byte>();
}

// The first entry of `reg`: two cells of address, two of size. Nothing if it is missing, empty, or wraps around.
std::optional<PhysicalRange> first_range(const fdt::Node& node) {
  const auto reg = node.property("reg");
  if (!reg) return std::nullopt;
  const auto start = reg->double_cell(0);
  const auto size = reg->double_cell(2);
  if (!start || !size || *size == 0 || *start + *size < *start) return std::nullopt;
  return PhysicalRange{*start, *size};
}

DeviceRole role_of(std::string_view name) {
  if (name == "stdin") return DeviceRole::kStdin;
  if (name == "stdout") return DeviceRole::kStdout;
  if (name == "stderr") return DeviceRole::kStderr;
  if (name == "terminal") return DeviceRole::kTerminal;
  if (name == "rng") return DeviceRole::kRng;
  if (name == "balloon") return DeviceRole::kBalloon;
  return DeviceRole::kUnknown;
}

std::string_view read_memory(const fdt::Node& node, BootParameters& parameters) {
  const auto range = first_range(node);
  if (!range) return "a /memory node has no usable reg";
  if (parameters.memory_count == parameters.memory.size()) return "too many /memory nodes";
  parameters.memory[parameters.memory_count++] = *range;
  return {};
}

std::string_view read_device(const fdt::Node& node, BootParameters& parameters) {
  const auto range = first_range(node);
  if (!range) return "a virtio_mmio node has no usable reg";
  const auto vector = number_u32(node, "interrupts");
  if (!vector || *vector < 0x20 || *vector > 0xff) return "a virtio_mmio node has no usable interrupts";
  if (parameters.device_count == parameters.devices.size()) return "too many virtio_mmio nodes";
  DeviceDescription& device = parameters.devices[parameters.device_count++];
  device.role = role_of(text(node, "husk,role").value_or(""));
  device.vector = static_cast<std::uint8_t>(*vector);
  device.registers = *range;
  device.acknowledge = node.property("husk,acknowledge").has_value();
  if (const auto queues = node.property("husk,queues")) {
    device.has_queues = true;
    for (std::size_t i = 0; i < device.queues.size(); ++i) {
      const auto page = queues->double_cell(2 * i);
      if (!page || *page % husk::abi::kPageSize != 0) return "a virtio_mmio node has no usable husk,queues";
      device.queues[i] = *page;
    }
  }
  return {};
}

// What is to be done before the payload starts, if anything.
std::string_view read_setup(const fdt::Node& node, PayloadDescription& payload) {
  payload.user = text(node, "user").value_or("");
  payload.stop_signal = number_u32(node, "stop-signal").value_or(0);
  constexpr std::uint32_t kMostSignals = 64;
  if (payload.stop_signal > kMostSignals) return "/husk/payload/setup has no usable stop-signal";
  payload.read_only = node.property("read-only").has_value();
  payload.etc_files = text_list(node, "etc-files");
  if (payload.etc_files.count() % 2 != 0) return "/husk/payload/setup has a file without contents";
  payload.tmpfs = text_list(node, "tmpfs");
  payload.tmpfs_flags = bytes(node, "tmpfs-flags");
  const std::size_t strings = payload.tmpfs.count();
  if (strings % 2 != 0 || payload.tmpfs_flags.size() != strings / 2 * 4) {
    return "/husk/payload/setup has a malformed tmpfs";
  }
  return {};
}

std::string_view read_payload(const fdt::Node& node, PayloadDescription& payload) {
  payload.arguments = text_list(node, "argv");
  if (payload.arguments.empty()) return "/husk/payload has no argv";
  payload.environment = text_list(node, "env");
  payload.working_directory = text(node, "cwd").value_or("/");
  payload.host_name = text(node, "hostname").value_or("husk");
  const auto uid = number_u32(node, "uid");
  const auto gid = number_u32(node, "gid");
  if (!uid || !gid) return "/husk/payload has no uid or no gid";
  payload.uid = *uid;
  payload.gid = *gid;
  payload.groups = bytes(node, "groups");
  if (payload.groups.size() % 4 != 0) return "/husk/payload has a malformed groups";
  payload.terminal = node.property("terminal").has_value();
  payload.ignored_signals = number_u64(node, "ignored-signals").value_or(0);
  payload.blocked_signals = number_u64(node, "blocked-signals").value_or(0);
  payload.limits = bytes(node, "limits");
  if (payload.limits.size() % sizeof(PayloadDescription::Limit) != 0) return "/husk/payload has malformed limits";
  for (std::size_t i = 0; i < payload.limit_count(); ++i) {
    if (payload.limit(i).soft > payload.limit(i).hard) return "/husk/payload has a soft limit above its hard one";
  }
  const auto setup = node.child("setup");
  return setup ? read_setup(*setup, payload) : std::string_view();
}

std::string_view read_ports(const fdt::Node& node, MachinePorts& ports) {
  constexpr std::uint32_t kMaxPort = 0xffff;
  const auto log = number_u32(node, "log");
  if (!log || *log > kMaxPort) return "/husk/ports has no usable log";
  ports.present = true;
  ports.log = static_cast<std::uint16_t>(*log);
  if (const auto exit = number_u32(node, "exit")) {
    if (*exit > kMaxPort) return "/husk/ports has no usable exit";
    ports.exit = static_cast<std::uint16_t>(*exit);
  }
  return {};
}

std::string_view read_husk(const fdt::Node& node, BootParameters& parameters) {
  const auto tsc_khz = number_u32(node, "tsc-khz");
  if (!tsc_khz || *tsc_khz < TscConversion::kMinKhz || *tsc_khz > TscConversion::kMaxKhz)
    return "/husk has no usable tsc-khz";
  parameters.tsc_khz = *tsc_khz;
  const auto boot_tsc = number_u64(node, "boot-tsc");
  const auto boot_realtime = number_u64(node, "boot-realtime-ns");
  if (!boot_tsc || !boot_realtime) return "/husk has no boot-tsc or no boot-realtime-ns";
  parameters.boot_tsc = *boot_tsc;
  parameters.boot_realtime_ns = *boot_realtime;
  const auto kernel_end = number_u64(node, "kernel-end");
  if (!kernel_end || *kernel_end <= husk::abi::kKernelGpa) return "/husk has no usable kernel-end";
  parameters.kernel_end = *kernel_end;
  if (const auto level = number_u32(node, "log-level")) parameters.log_level = *level;
  if (const auto features = number_u32(node, "cpu-features")) parameters.cpu_features = *features;
  if (const auto components = number_u64(node, "vector-components")) parameters.vector_components = *components;
  if (const auto khz = number_u32(node, "xapic-timer-khz")) parameters.xapic_timer_khz = *khz;
  if (const auto ports = node.child("ports")) {
    if (const std::string_view problem = read_ports(*ports, parameters.ports); !problem.empty()) return problem;
  }
  const auto payload = node.child("payload");
  return payload ? read_payload(*payload, parameters.payload) : "there is no /husk/payload";
}

std::string_view read_root_child(const fdt::Node& node, BootParameters& parameters) {
  const std::string_view name = node.base_name();
  if (name == "memory") return read_memory(node, parameters);
  if (name == "virtio_mmio") return read_device(node, parameters);
  if (name == "husk") return read_husk(node, parameters);
  if (name == "chosen") {
    parameters.random_seed = bytes(node, "rng-seed");
  } else if (name == "pmem") {
    const auto range = first_range(node);
    if (!range) return "the pmem node has no usable reg";
    parameters.root_image = *range;
  }
  return {};
}

}  // namespace

std::uint32_t PayloadDescription::group(std::size_t index) const {
  return fdt::Property("groups", groups).cell(index).value_or(0);
}

std::uint32_t PayloadDescription::tmpfs_flag(std::size_t index) const {
  return fdt::Property("tmpfs-flags", tmpfs_flags).cell(index).value_or(0);
}

PayloadDescription::Limit PayloadDescription::limit(std::size_t index) const {
  const fdt::Property property("limits", limits);
  const auto number = [&](std::size_t which) { return property.double_cell((index * 3 + which) * 2).value_or(0); };
  return {number(0), number(1), number(2)};
}

const DeviceDescription* BootParameters::find_device(DeviceRole role) const {
  for (const DeviceDescription& device : device_list()) {
    if (device.role == role) return &device;
  }
  return nullptr;
}

std::string_view read_boot_parameters(std::span<const std::byte> blob, BootParameters& parameters) {
  const auto tree = fdt::Tree::open(blob);
  if (!tree) return "it is no well-formed flattened device tree";
  for (const fdt::Node node : tree.value().root().children()) {
    if (const std::string_view problem = read_root_child(node, parameters); !problem.empty()) return problem;
  }
  if (parameters.memory_count == 0) return "there is no /memory";
  if (parameters.tsc_khz == 0) return "there is no /husk";
  if (parameters.random_seed.size() < 32) return "/chosen has no rng-seed of at least 32 bytes";
  return {};
}

void initialise_boot_parameters(std::uint64_t tree_gpa) {
  // The VMM puts the tree below the kernel (abi/husk_abi.h).
  if (tree_gpa % 8 != 0 || tree_gpa >= husk::abi::kKernelGpa) panic("no device tree at {x}: bad address", tree_gpa);
  const std::span blob(mm::physical_pointer<const std::byte>(tree_gpa), husk::abi::kKernelGpa - tree_gpa);
  const std::string_view problem = read_boot_parameters(blob, g_parameters);
  if (!problem.empty()) panic("the device tree at {x} cannot be used: {}", tree_gpa, problem);
}

const BootParameters& boot_parameters() {
  return g_parameters;
}

}  // namespace kernel
