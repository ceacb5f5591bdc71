// Linux's Documentation/ABI/testing/sysfs-class-net and sysfs-class-net-statistics. All of the loopback's numbers are fixed but for two.
#include "net/sys_files.h"

#include "net/inet/counters.h"
#include "net/loopback_device.h"

namespace kernel::net {

namespace {

using fs::ProcText;
using fs::SysNode;

template <std::uint64_t kValue>
Result<void> number(ProcText& text, unsigned) {
  text.print("{}\n", kValue);
  return {};
}

// /sys says what was set, not what follows from it (kDeviceRunning).
Result<void> write_flags(ProcText& text, unsigned) {
  text.put("0x");
  text.put_number(kDeviceUp | kDeviceLoopback, 16, 0, '0');
  text.put("\n");
  return {};
}

Result<void> write_event(ProcText& text, unsigned) {
  text.print("INTERFACE={}\nIFINDEX={}\n", std::string_view(kLoopbackDeviceName), kLoopbackIndex);
  return {};
}

// The loopback has no link that could have a speed.
Result<void> no_link(ProcText&, unsigned) {
  return Errno::kInval;
}

Result<void> write_nothing(ProcText&, unsigned) {
  return {};
}

// What is sent is what is received.
Result<void> write_packets(ProcText& text, unsigned) {
  text.print("{}\n", inet::loopback_counters().packets);
  return {};
}

Result<void> write_bytes(ProcText& text, unsigned) {
  text.print("{}\n", inet::loopback_counters().bytes);
  return {};
}

constexpr std::string_view kZero = "0\n";
constexpr std::string_view kNoAddress = "00:00:00:00:00:00\n";

constexpr SysNode kStatistics[] = {
    {.name = "collisions", .text = kZero},
    {.name = "multicast", .text = kZero},
    {.name = "rx_bytes", .generate = write_bytes},
    {.name = "rx_compressed", .text = kZero},
    {.name = "rx_crc_errors", .text = kZero},
    {.name = "rx_dropped", .text = kZero},
    {.name = "rx_errors", .text = kZero},
    {.name = "rx_fifo_errors", .text = kZero},
    {.name = "rx_frame_errors", .text = kZero},
    {.name = "rx_length_errors", .text = kZero},
    {.name = "rx_missed_errors", .text = kZero},
    {.name = "rx_nohandler", .text = kZero},
    {.name = "rx_over_errors", .text = kZero},
    {.name = "rx_packets", .generate = write_packets},
    {.name = "tx_aborted_errors", .text = kZero},
    {.name = "tx_bytes", .generate = write_bytes},
    {.name = "tx_carrier_errors", .text = kZero},
    {.name = "tx_compressed", .text = kZero},
    {.name = "tx_dropped", .text = kZero},
    {.name = "tx_errors", .text = kZero},
    {.name = "tx_fifo_errors", .text = kZero},
    {.name = "tx_heartbeat_errors", .text = kZero},
    {.name = "tx_packets", .generate = write_packets},
    {.name = "tx_window_errors", .text = kZero},
};

constexpr SysNode kLoopback[] = {
    {.name = "addr_assign_type", .text = kZero},
    {.name = "addr_len", .generate = number<kHardwareAddressSize>},
    {.name = "address", .text = kNoAddress},
    {.name = "broadcast", .text = kNoAddress},
    {.name = "carrier", .text = "1\n"},
    {.name = "carrier_changes", .text = kZero},
    {.name = "carrier_down_count", .text = kZero},
    {.name = "carrier_up_count", .text = kZero},
    {.name = "dev_id", .text = "0x0\n"},
    {.name = "dev_port", .text = kZero},
    {.name = "dormant", .text = kZero},
    {.name = "duplex", .generate = no_link},
    {.name = "flags", .generate = write_flags},
    {.name = "ifalias", .generate = write_nothing},
    {.name = "ifindex", .generate = number<kLoopbackIndex>},
    {.name = "iflink", .generate = number<kLoopbackIndex>},
    {.name = "link_mode", .text = kZero},
    {.name = "mtu", .generate = number<kLoopbackDeviceMtu>},
    {.name = "name_assign_type", .text = "2\n"},  // predictable: NET_NAME_PREDICTABLE
    {.name = "netdev_group", .text = kZero},
    {.name = "operstate", .text = "unknown\n"},
    {.name = "proto_down", .text = kZero},
    {.name = "speed", .generate = no_link},
    {.name = "statistics", .children = fs::sys_table<kStatistics>},
    {.name = "subsystem", .target = "../../../../class/net"},
    {.name = "testing", .text = kZero},
    {.name = "tx_queue_len", .generate = number<kLoopbackQueueLength>},
    {.name = "type", .generate = number<kLoopbackHardwareType>},
    {.name = "uevent", .generate = write_event},
};

constexpr SysNode kDevices[] = {{.name = kLoopbackDeviceName, .children = fs::sys_table<kLoopback>}};
constexpr SysNode kVirtual[] = {{.name = "net", .children = fs::sys_table<kDevices>}};
constexpr SysNode kClass[] = {{.name = kLoopbackDeviceName, .target = "../../devices/virtual/net/lo"}};

}  // namespace

std::span<const SysNode> class_nodes() {
  return kClass;
}

std::span<const SysNode> virtual_devices() {
  return kVirtual;
}

}  // namespace kernel::net
