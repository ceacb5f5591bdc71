#include "vmm/boot/device_tree.h"

#include <libfdt.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "vmm/error.h"

namespace husk::boot {
namespace {

// Everything in the tree but the payload's strings: about 1.5 KiB, 0.2 KiB more for each device.
constexpr std::uint64_t kFixedSize = 8192;

// libfdt's sequential-write functions. An error (in practice: no space) is kept and reported once, at the end.
class TreeWriter {
 public:
  explicit TreeWriter(std::span<std::byte> buffer) : fdt_(buffer.data()) {
    // The names of properties as they come, each as often as it comes: some 300 bytes, where looking for each among those that are
    // there already is a third of husk's own instructions for a tree.
    keep(fdt_create_with_flags(fdt_, static_cast<int>(buffer.size()), FDT_CREATE_FLAG_NO_NAME_DEDUP));
    keep(fdt_finish_reservemap(fdt_));
  }

  void begin(const char* name) { keep(fdt_begin_node(fdt_, name)); }
  void begin_at(const char* name, Gpa address) {
    char full[48];
    std::snprintf(full, sizeof full, "%s@%llx", name, static_cast<unsigned long long>(address.value));
    begin(full);
  }
  void end() { keep(fdt_end_node(fdt_)); }

  void u32(const char* name, std::uint32_t value) { keep(fdt_property_u32(fdt_, name, value)); }
  void u64(const char* name, std::uint64_t value) { keep(fdt_property_u64(fdt_, name, value)); }
  void string(const char* name, std::string_view value) {
    if (char* out = place(name, value.size() + 1)) copy_string(out, value);
  }
  void empty(const char* name) { keep(fdt_property(fdt_, name, nullptr, 0)); }
  void bytes(const char* name, std::span<const std::byte> value) {
    keep(fdt_property(fdt_, name, value.data(), static_cast<int>(value.size())));
  }
  void u64_array(const char* name, std::span<const Gpa> values) {
    std::vector<std::uint64_t> numbers;
    for (const Gpa value : values) numbers.push_back(value.value);
    u64_array(name, numbers);
  }
  void u64_array(const char* name, const std::vector<std::uint64_t>& values) {
    char* out = place(name, values.size() * sizeof(fdt64_t));
    for (std::size_t i = 0; out != nullptr && i < values.size(); ++i) {
      const fdt64_t cell = cpu_to_fdt64(values[i]);
      std::memcpy(out + i * sizeof cell, &cell, sizeof cell);
    }
  }
  void u32_array(const char* name, const std::vector<std::uint32_t>& values) {
    char* out = place(name, values.size() * sizeof(fdt32_t));
    for (std::size_t i = 0; out != nullptr && i < values.size(); ++i) {
      const fdt32_t cell = cpu_to_fdt32(values[i]);
      std::memcpy(out + i * sizeof cell, &cell, sizeof cell);
    }
  }
  void reg(const MemoryRange& range) {
    const fdt64_t cells[2] = {cpu_to_fdt64(range.start.value), cpu_to_fdt64(range.size)};
    keep(fdt_property(fdt_, "reg", cells, sizeof cells));
  }
  void string_list(const char* name, std::span<const std::string> list) {
    std::size_t size = 0;
    for (const std::string& item : list) size += item.size() + 1;
    char* out = place(name, size);
    if (out == nullptr) return;
    for (const std::string& item : list) out = copy_string(out, item);
  }

  // The result of it all: 0 or a negative libfdt error.
  int finish() {
    keep(fdt_finish(fdt_));
    return error_;
  }

 private:
  void keep(int result) {
    if (result < 0 && error_ == 0) error_ = result;
  }
  char* place(const char* name, std::size_t size) {
    void* out = nullptr;
    if (error_ == 0) keep(fdt_property_placeholder(fdt_, name, static_cast<int>(size), &out));
    return error_ == 0 ? static_cast<char*>(out) : nullptr;
  }
  static char* copy_string(char* out, std::string_view value) {
    std::memcpy(out, value.data(), value.size());
    out[value.size()] = '\0';
    return out + value.size() + 1;
  }

  void* fdt_;
  int error_ = 0;
};

// The strings of `first(item)` and `second(item)` by turns.
template <typename Items, typename First, typename Second>
std::vector<std::string> pairs(const Items& items, First first, Second second) {
  std::vector<std::string> list;
  for (const auto& item : items) {
    list.push_back(item.*first);
    list.push_back(item.*second);
  }
  return list;
}

// What the guest has to do before the payload starts. Most payloads have nothing of it.
void write_setup(TreeWriter& tree, const ContainerSpec& payload) {
  if (payload.user.empty() && payload.stop_signal == 0 && !payload.read_only && payload.tmpfs.empty() &&
      payload.etc_files.empty()) {
    return;
  }
  tree.begin("setup");
  if (!payload.user.empty()) tree.string("user", payload.user);
  if (payload.stop_signal != 0) tree.u32("stop-signal", static_cast<std::uint32_t>(payload.stop_signal));
  if (payload.read_only) tree.empty("read-only");
  if (!payload.tmpfs.empty()) {
    std::vector<std::uint32_t> flags;
    for (const TmpfsMount& mount : payload.tmpfs) flags.push_back(mount.flags);
    tree.u32_array("tmpfs-flags", flags);
    tree.string_list("tmpfs", pairs(payload.tmpfs, &TmpfsMount::path, &TmpfsMount::options));
  }
  if (!payload.etc_files.empty()) {
    tree.string_list("etc-files", pairs(payload.etc_files, &ContainerFile::name, &ContainerFile::contents));
  }
  tree.end();
}

void write_payload(TreeWriter& tree, const ContainerSpec& payload) {
  tree.begin("payload");
  tree.string_list("argv", payload.argv);
  tree.string_list("env", payload.env);
  tree.string("cwd", payload.cwd);
  tree.string("hostname", payload.hostname);
  tree.u32("uid", payload.uid);
  tree.u32("gid", payload.gid);
  if (payload.terminal) tree.empty("terminal");
  if (payload.ignored_signals != 0) tree.u64("ignored-signals", payload.ignored_signals);
  if (payload.blocked_signals != 0) tree.u64("blocked-signals", payload.blocked_signals);
  std::vector<std::uint64_t> limits;
  for (const ResourceLimit& limit : payload.limits)
    limits.insert(limits.end(), {limit.resource, limit.soft, limit.hard});
  if (!limits.empty()) tree.u64_array("limits", limits);
  if (!payload.groups.empty()) tree.u32_array("groups", payload.groups);
  write_setup(tree, payload);
  tree.end();
}

std::uint64_t space_for(const ContainerSpec& payload) {
  std::uint64_t size = kFixedSize + payload.cwd.size() + payload.hostname.size();
  for (const std::string& item : payload.argv) size += item.size() + 1;
  for (const std::string& item : payload.env) size += item.size() + 1;
  for (const TmpfsMount& mount : payload.tmpfs) size += mount.path.size() + mount.options.size() + 6;
  for (const ContainerFile& file : payload.etc_files) size += file.name.size() + file.contents.size() + 2;
  size += payload.user.size() + 4 * payload.groups.size();
  return size;
}

}  // namespace

Gpa write_device_tree(BootArena& arena, const DeviceTreeInput& input) {
  const std::uint64_t size = space_for(*input.payload);
  if (size > arena.remaining()) {
    throw Error("pass", "the payload's arguments and environment",
                std::to_string(size) + " bytes are more than the " + std::to_string(arena.remaining()) + " there are");
  }
  const Gpa address = arena.allocate(size, "the device tree");

  TreeWriter tree(arena.memory().writable(address, size));
  tree.begin("");
  tree.u32("#address-cells", 2);
  tree.u32("#size-cells", 2);
  tree.string("compatible", "husk");
  for (const MemoryRange& range : input.ram) {
    tree.begin_at("memory", range.start);
    tree.string("device_type", "memory");
    tree.reg(range);
    tree.end();
  }
  if (input.root_image) {
    tree.begin_at("pmem", input.root_image->start);
    tree.string("compatible", "pmem-region");
    tree.reg(*input.root_image);
    tree.end();
  }
  tree.begin("chosen");
  tree.bytes("rng-seed", input.rng_seed);
  tree.end();
  tree.begin("husk");
  tree.u32("tsc-khz", input.clock.tsc_khz);
  tree.u64("boot-tsc", input.clock.boot_tsc);
  tree.u64("boot-realtime-ns", input.clock.boot_realtime_ns);
  tree.u32("log-level", input.log_level);
  tree.u32("cpu-features", input.cpu_features);
  if (input.vector_components != 0) tree.u64("vector-components", input.vector_components);
  tree.u64("kernel-end", input.kernel_end.value);
  write_payload(tree, *input.payload);
  tree.end();
  for (const VirtioNode& device : input.devices) {
    tree.begin_at("virtio_mmio", device.registers);
    tree.string("compatible", "virtio,mmio");
    tree.reg(MemoryRange{device.registers, abi::kMmioStride});
    tree.u32("interrupts", device.vector);
    if (!device.queues.empty()) tree.u64_array("husk,queues", device.queues);
    tree.string("husk,role", device.role);
    tree.end();
  }
  tree.end();
  if (const int error = tree.finish(); error != 0) throw Error("build", "the device tree", fdt_strerror(error));
  return address;
}

}  // namespace husk::boot
