// /sys as a container sees it: Linux's directories, of which those are empty that a machine without buses, disks, modules and
// firmware has nothing to put into.
#include "fs/sys/sys_fs.h"

namespace kernel::fs {

namespace {

constexpr SysNode kCpuLinks[] = {{.name = "cpu0", .target = "../../../devices/system/cpu/cpu0"}};
constexpr SysNode kMemoryNodeLinks[] = {{.name = "node0", .target = "../../../devices/system/node/node0"}};
constexpr SysNode kCpuBus[] = {{.name = "devices", .children = sys_table<kCpuLinks>}, {.name = "drivers"}};
constexpr SysNode kMemoryNodeBus[] = {{.name = "devices", .children = sys_table<kMemoryNodeLinks>},
                                      {.name = "drivers"}};
constexpr SysNode kBuses[] = {
    {.name = "cpu", .children = sys_table<kCpuBus>},
    {.name = "node", .children = sys_table<kMemoryNodeBus>},
};

constexpr SysNode kClasses[] = {{.name = "block"}, {.name = "net", .place = SysPlace::kClassNet}};

constexpr SysNode kDeviceNumbers[] = {{.name = "block"}, {.name = "char"}};

// The clock is read from the time stamp counter, by programs themselves (guest/vdso).
constexpr SysNode kClockSource[] = {
    {.name = "available_clocksource", .text = "tsc \n"},
    {.name = "current_clocksource", .text = "tsc\n"},
};
constexpr SysNode kClockSources[] = {{.name = "clocksource0", .children = sys_table<kClockSource>}};
constexpr SysNode kSystemDevices[] = {
    {.name = "clocksource", .children = sys_table<kClockSources>},
    {.name = "cpu", .children = sys_cpu_nodes},
    {.name = "node", .children = sys_memory_node_nodes},
};
constexpr SysNode kDevices[] = {
    {.name = "system", .children = sys_table<kSystemDevices>},
    {.name = "virtual", .place = SysPlace::kVirtualDevices},
};

constexpr SysNode kFileSystems[] = {{.name = "cgroup", .permissions = 0555}};  // a mount point

// Memory is mapped by pages of 4 KiB, whatever is advised.
constexpr SysNode kHugePages[] = {
    {.name = "defrag", .text = "always defer defer+madvise madvise [never]\n"},
    {.name = "enabled", .text = "always madvise [never]\n"},
    {.name = "shmem_enabled", .text = "always within_size advise [never] deny force\n"},
};
constexpr SysNode kMemoryManagement[] = {{.name = "transparent_hugepage", .children = sys_table<kHugePages>}};
constexpr SysNode kKernel[] = {
    {.name = "address_bits", .text = "64\n"},
    {.name = "cpu_byteorder", .text = "little\n"},
    {.name = "mm", .children = sys_table<kMemoryManagement>},
};

constexpr SysNode kRoot[] = {
    {.name = "block"},
    {.name = "bus", .children = sys_table<kBuses>},
    {.name = "class", .children = sys_table<kClasses>},
    {.name = "dev", .children = sys_table<kDeviceNumbers>},
    {.name = "devices", .children = sys_table<kDevices>},
    {.name = "firmware"},
    {.name = "fs", .children = sys_table<kFileSystems>},
    {.name = "kernel", .children = sys_table<kKernel>},
    {.name = "module"},
    {.name = "power"},
};

}  // namespace

std::span<const SysNode> sys_root_nodes() {
  return kRoot;
}

}  // namespace kernel::fs
