// /sys/devices/system/node: all memory is one node, near to the one CPU (Linux's Documentation/ABI/stable/sysfs-devices-node).
#include "fs/sys/sys_fs.h"
#include "mm/address.h"
#include "mm/frame.h"

namespace kernel::fs {

namespace {

void write_memory_line(ProcText& text, std::string_view name, std::uint64_t frames) {
  FixedText<32> heading;
  heading.print("Node 0 {}:", name);
  text.put(heading.view());
  for (std::size_t i = heading.view().size(); i < 23; ++i) text.put(" ");
  text.put_number(frames * (mm::kPageSize / 1024), 10, 8, ' ');
  text.put(" kB\n");
}

// As /proc/meminfo has it: there is no cache, and no swap space.
Result<void> write_meminfo(ProcText& text, unsigned) {
  const mm::MemoryStatistics memory = mm::memory_statistics();
  write_memory_line(text, "MemTotal", memory.total_frames);
  write_memory_line(text, "MemFree", memory.free_frames);
  write_memory_line(text, "MemUsed", memory.total_frames - memory.free_frames);
  for (std::string_view name : {"SwapCached", "Active", "Inactive"}) write_memory_line(text, name, 0);
  return {};
}

constexpr SysNode kNode[] = {
    {.name = "cpu0", .target = "../../cpu/cpu0"},
    {.name = "cpulist", .text = "0\n"},
    {.name = "cpumap", .text = "1\n"},
    {.name = "distance", .text = "10\n"},
    {.name = "meminfo", .generate = write_meminfo},
    {.name = "subsystem", .target = "../../../../bus/node"},
};

constexpr SysNode kNodeDirectory[] = {
    {.name = "has_cpu", .text = "0\n"},
    {.name = "has_generic_initiator", .text = "\n"},
    {.name = "has_memory", .text = "0\n"},
    {.name = "has_normal_memory", .text = "0\n"},
    {.name = "node0", .children = sys_table<kNode>},
    {.name = "online", .text = "0\n"},
    {.name = "possible", .text = "0\n"},
};

}  // namespace

std::span<const SysNode> sys_memory_node_nodes() {
  return kNodeDirectory;
}

}  // namespace kernel::fs
