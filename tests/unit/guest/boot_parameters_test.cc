#include "boot_parameters.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tree_builder.h"

namespace kernel {
namespace {

using husk::test::TreeBuilder;

// A complete tree, as docs/device-tree.md describes it; a test leaves out one thing by its name.
std::vector<std::byte> make_tree(const std::string& without = "") {
  const auto has = [&](const char* what) { return without != what; };
  TreeBuilder tree;
  tree.u32("#address-cells", 2).u32("#size-cells", 2);
  if (has("memory")) tree.begin("memory@0").text("device_type", "memory").reg(0, 0xc000'0000).end();
  if (has("memory")) tree.begin("memory@100000000").text("device_type", "memory").reg(0x1'0000'0000, 0x1000).end();
  tree.begin("pmem@2000000000").text("compatible", "pmem-region").reg(0x20'0000'0000, 0x123000).end();
  tree.begin("chosen");
  if (has("rng-seed")) tree.raw("rng-seed", std::string(64, 's'));
  tree.end();
  if (has("husk")) {
    tree.begin("husk");
    if (has("tsc-khz")) tree.u32("tsc-khz", 2'600'000);
    tree.u64("boot-tsc", 77).u64("boot-realtime-ns", 88).u32("log-level", 7).u32("cpu-features", 0x178b'fbff);
    tree.u64("vector-components", 0xe7);
    if (has("kernel-end")) tree.u64("kernel-end", 0x18'0000);
    if (has("payload")) {
      tree.begin("payload");
      if (has("argv")) tree.raw("argv", std::string("/bin/sh\0-c\0", 11));
      tree.raw("env", std::string("A=1\0B=\0", 7)).text("cwd", "/work").text("hostname", "box");
      if (has("uid")) tree.u32("uid", 1000);
      tree.u32("gid", 1001).raw("groups", std::string("\0\0\0\x07\0\0\0\x09", 8)).raw("terminal", "");
      tree.u64("ignored-signals", 0x6).u64("blocked-signals", 0x200);
      const std::string limit =
          std::string("\0\0\0\0\0\0\0\x01", 8) + std::string(7, '\0') + "\x28" + std::string(8, '\xff');
      const std::string above = std::string(8, '\0') + std::string(7, '\0') + "\x02" + std::string(7, '\0') + "\x01";
      tree.raw("limits", !has("soft below hard") ? above : has("whole limits") ? limit : limit.substr(1));
      if (has("setup")) {
        tree.begin("setup").text("user", "web:www").raw("read-only", "").u32("stop-signal", has("signal") ? 37 : 65);
        const std::string mounts("/run\0size=1k\0/a\0\0", 17);
        tree.raw("tmpfs", has("tmpfs in pairs") ? mounts : mounts.substr(0, 16));
        tree.raw("tmpfs-flags", std::string("\0\0\0\x02\0\0\0\x0e", has("all tmpfs-flags") ? 8 : 4));
        tree.raw("etc-files", std::string("hosts\0text\0", has("etc-files in pairs") ? 11 : 6)).end();
      }
      tree.end();
    }
    tree.end();
  }
  tree.begin("virtio_mmio@d0001000").reg(0xd000'1000, 0x1000);
  if (has("interrupts")) tree.u32("interrupts", 0x31);
  const std::string queue_page = has("aligned husk,queues") ? std::string("\x90\0", 2) : std::string("\x90\1", 2);
  tree.raw("husk,queues", std::string(14, '\0') + queue_page);
  tree.text("husk,role", "stdout").end();
  tree.begin("virtio_mmio@d0002000").reg(0xd000'2000, 0x1000).u32("interrupts", 0x32).text("husk,role", "new").end();
  return tree.finish();
}

TEST(BootParametersTest, ReadsACompleteTree) {
  const auto blob = make_tree();
  BootParameters boot;
  ASSERT_EQ(read_boot_parameters(blob, boot), "");
  ASSERT_EQ(boot.memory_count, 2u);
  EXPECT_EQ(boot.memory[0].end(), 0xc000'0000u);
  EXPECT_EQ(boot.memory[1].start, 0x1'0000'0000u);
  EXPECT_EQ(boot.root_image.size, 0x123000u);
  EXPECT_EQ(boot.random_seed.size(), 64u);
  EXPECT_EQ(boot.tsc_khz, 2'600'000u);
  EXPECT_EQ(boot.boot_tsc, 77u);
  EXPECT_EQ(boot.boot_realtime_ns, 88u);
  EXPECT_EQ(boot.log_level, 7u);
  EXPECT_EQ(boot.cpu_features, 0x178b'fbffu);
  EXPECT_EQ(boot.vector_components, 0xe7u);
  EXPECT_EQ(boot.kernel_end, 0x18'0000u);
  EXPECT_EQ(boot.payload.arguments.count(), 2u);
  EXPECT_EQ(boot.payload.environment.bytes(), std::string_view("A=1\0B=\0", 7));
  EXPECT_EQ(boot.payload.working_directory, "/work");
  EXPECT_EQ(boot.payload.host_name, "box");
  EXPECT_EQ(boot.payload.uid, 1000u);
  EXPECT_EQ(boot.payload.gid, 1001u);
  ASSERT_EQ(boot.payload.group_count(), 2u);
  EXPECT_EQ(boot.payload.group(0), 7u);
  EXPECT_EQ(boot.payload.group(1), 9u);
  EXPECT_TRUE(boot.payload.terminal);
  EXPECT_EQ(boot.payload.ignored_signals, 0x6u);
  EXPECT_EQ(boot.payload.blocked_signals, 0x200u);
  ASSERT_EQ(boot.payload.limit_count(), 1u);
  EXPECT_EQ(boot.payload.limit(0).resource, 1u);
  EXPECT_EQ(boot.payload.limit(0).soft, 40u);
  EXPECT_EQ(boot.payload.limit(0).hard, ~std::uint64_t{0});
  EXPECT_EQ(boot.payload.user, "web:www");
  EXPECT_EQ(boot.payload.stop_signal, 37u);
  EXPECT_TRUE(boot.payload.read_only);
  ASSERT_EQ(boot.payload.tmpfs.count(), 4u);
  EXPECT_EQ(*boot.payload.tmpfs.begin(), "/run");
  EXPECT_EQ(boot.payload.tmpfs_flag(1), 14u);
  EXPECT_EQ(boot.payload.etc_files.count(), 2u);
  ASSERT_EQ(boot.device_count, 2u);
  EXPECT_EQ(boot.find_device(DeviceRole::kStdout)->vector, 0x31);
  EXPECT_EQ(boot.find_device(DeviceRole::kStdout)->registers.start, 0xd000'1000u);
  EXPECT_TRUE(boot.devices[0].has_queues);
  EXPECT_EQ(boot.devices[0].queues[0], 0u);
  EXPECT_EQ(boot.devices[0].queues[1], 0x9000u);
  EXPECT_FALSE(boot.devices[1].has_queues);
  EXPECT_EQ(boot.devices[1].role, DeviceRole::kUnknown);  // a role that a newer VMM knows
  EXPECT_EQ(boot.find_device(DeviceRole::kTerminal), nullptr);
}

TEST(BootParametersTest, SaysWhatIsMissing) {
  for (const char* part : {"memory", "rng-seed", "husk", "tsc-khz", "kernel-end", "payload", "argv", "uid",
                           "interrupts", "aligned husk,queues", "whole limits", "soft below hard", "signal",
                           "tmpfs in pairs", "all tmpfs-flags", "etc-files in pairs"}) {
    const auto blob = make_tree(part);
    BootParameters boot;
    EXPECT_NE(read_boot_parameters(blob, boot), "") << part;
  }
}

TEST(BootParametersTest, MostPayloadsNeedNoSetup) {
  const auto blob = make_tree("setup");
  BootParameters boot;
  ASSERT_EQ(read_boot_parameters(blob, boot), "");
  EXPECT_EQ(boot.payload.user, "");
  EXPECT_FALSE(boot.payload.read_only);
  EXPECT_TRUE(boot.payload.tmpfs.empty());
  EXPECT_TRUE(boot.payload.etc_files.empty());
}

TEST(BootParametersTest, RefusesGarbage) {
  const std::vector<std::byte> zeros(4096);
  BootParameters boot;
  EXPECT_NE(read_boot_parameters(zeros, boot), "");
}

}  // namespace
}  // namespace kernel
