// The device tree, read back with libfdt: docs/device-tree.md is what must be in it.
#include "vmm/boot/device_tree.h"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <cstring>
#include <string>
#include <vector>

#include "vmm/error.h"

namespace husk::boot {
namespace {

class DeviceTree : public ::testing::Test {
 protected:
  DeviceTree() : bytes_(2 << 20), arena_(memory_) {
    memory_.add_region(Gpa{0}, bytes_);
    spec_.argv = {"/bin/sh", "-c", "", "echo \"a b\""};
    spec_.env = {"PATH=/bin", "EMPTY="};
    spec_.cwd = "/tmp";
    spec_.hostname = "box";
    spec_.uid = 1000;
    spec_.gid = 0xffff'fffe;
    input_.payload = &spec_;
    input_.ram = ram_;
    input_.kernel_end = Gpa{0x12'3000};
    input_.clock = {.tsc_khz = 2'600'000, .boot_tsc = 0x1122'3344'5566'7788, .boot_realtime_ns = 42};
    for (std::size_t i = 0; i < input_.rng_seed.size(); ++i) input_.rng_seed[i] = static_cast<std::byte>(i * 7);
  }

  const void* write() {
    address_ = write_device_tree(arena_, input_);
    const void* fdt = bytes_.data() + address_.value;
    EXPECT_EQ(fdt_check_full(fdt, bytes_.size() - address_.value), 0);
    return fdt;
  }

  static std::string property(const void* fdt, const std::string& path, const char* name) {
    int length = 0;
    const int node = fdt_path_offset(fdt, path.c_str());
    const void* value = node < 0 ? nullptr : fdt_getprop(fdt, node, name, &length);
    return value == nullptr ? "(absent)" : std::string(static_cast<const char*>(value), length);
  }
  static std::uint64_t number(const void* fdt, const std::string& path, const char* name, std::size_t index = 0) {
    const std::string value = property(fdt, path, name);
    if (value.size() == 4) return fdt32_ld(reinterpret_cast<const fdt32_t*>(value.data()));
    EXPECT_GE(value.size(), (index + 1) * 8) << path << " " << name;
    return fdt64_ld(reinterpret_cast<const fdt64_t*>(value.data()) + index);
  }

  std::vector<std::byte> bytes_;
  GuestMemory memory_;
  BootArena arena_;
  ContainerSpec spec_;
  std::vector<MemoryRange> ram_{{Gpa{0}, 0xC000'0000}, {Gpa{0x1'0000'0000}, 0x4000'0000}};
  DeviceTreeInput input_;
  Gpa address_;
};

TEST_F(DeviceTree, DescribesThePayload) {
  const void* fdt = write();
  using namespace std::string_literals;
  EXPECT_EQ(property(fdt, "/husk/payload", "argv"), "/bin/sh\0-c\0\0echo \"a b\"\0"s);
  EXPECT_EQ(property(fdt, "/husk/payload", "env"), "PATH=/bin\0EMPTY=\0"s);
  EXPECT_EQ(property(fdt, "/husk/payload", "cwd"), "/tmp\0"s);
  EXPECT_EQ(property(fdt, "/husk/payload", "hostname"), "box\0"s);
  EXPECT_EQ(number(fdt, "/husk/payload", "uid"), 1000u);
  EXPECT_EQ(number(fdt, "/husk/payload", "gid"), 0xffff'fffeu);
  EXPECT_EQ(property(fdt, "/husk/payload", "terminal"), "(absent)");
  EXPECT_EQ(property(fdt, "/husk/payload", "groups"), "(absent)");
  EXPECT_EQ(property(fdt, "/husk/payload", "limits"), "(absent)");
  EXPECT_EQ(property(fdt, "/husk/payload", "blocked-signals"), "(absent)");
}

TEST_F(DeviceTree, DescribesWhatThePayloadInherits) {
  spec_.blocked_signals = 0x200;
  spec_.limits = {{.resource = 1, .soft = 40, .hard = 50}, {.resource = 3, .soft = 60, .hard = ~std::uint64_t{0}}};
  const void* fdt = write();
  EXPECT_EQ(number(fdt, "/husk/payload", "blocked-signals"), 0x200u);
  EXPECT_EQ(property(fdt, "/husk/payload", "limits").size(), 48u);
  EXPECT_EQ(number(fdt, "/husk/payload", "limits", 2), 50u);
  EXPECT_EQ(number(fdt, "/husk/payload", "limits", 3), 3u);
  EXPECT_EQ(number(fdt, "/husk/payload", "limits", 5), ~std::uint64_t{0});
}

TEST_F(DeviceTree, DescribesWhatIsToBeDoneBefore) {
  using namespace std::string_literals;
  EXPECT_EQ(property(write(), "/husk/payload/setup", "user"), "(absent)");
  spec_.user = "web:www";
  spec_.groups = {7, 0x1000000};
  spec_.tmpfs = {{.path = "/run", .flags = 2, .options = "size=1k"}, {.path = "/a", .flags = 14, .options = ""}};
  spec_.etc_files = {{.name = "hosts", .contents = "127.0.0.1\tlocalhost\n"}};
  spec_.stop_signal = 37;
  spec_.read_only = true;
  const void* fdt = write();
  const std::string setup = "/husk/payload/setup";
  EXPECT_EQ(property(fdt, "/husk/payload", "groups"), "\0\0\0\x07\x01\0\0\0"s);
  EXPECT_EQ(property(fdt, setup, "user"), "web:www\0"s);
  EXPECT_EQ(property(fdt, setup, "tmpfs"), "/run\0size=1k\0/a\0\0"s);
  EXPECT_EQ(property(fdt, setup, "tmpfs-flags"), "\0\0\0\x02\0\0\0\x0e"s);
  EXPECT_EQ(property(fdt, setup, "etc-files"),
            "hosts\0"
            "127.0.0.1\tlocalhost\n\0"s);
  EXPECT_EQ(number(fdt, setup, "stop-signal"), 37u);
  EXPECT_EQ(property(fdt, setup, "read-only"), "");
}

TEST_F(DeviceTree, DescribesTheMachine) {
  input_.root_image = MemoryRange{Gpa{abi::kRootImageGpa}, 0x1234'5000};
  const VirtioNode devices[] = {{Gpa{0xD000'1000}, 0x30, "stdin", {Gpa{0x8000}, Gpa{0}}},
                                {Gpa{0xD000'2000}, 0x31, "rng"}};
  input_.devices = devices;
  spec_.terminal = true;
  const void* fdt = write();
  EXPECT_EQ(property(fdt, "/memory@0", "device_type"), std::string("memory\0", 7));
  EXPECT_EQ(number(fdt, "/memory@0", "reg", 1), 0xC000'0000u);
  EXPECT_EQ(number(fdt, "/memory@100000000", "reg", 0), 0x1'0000'0000u);
  EXPECT_EQ(number(fdt, "/pmem@2000000000", "reg", 0), abi::kRootImageGpa);
  EXPECT_EQ(number(fdt, "/pmem@2000000000", "reg", 1), 0x1234'5000u);
  EXPECT_EQ(number(fdt, "/virtio_mmio@d0002000", "interrupts"), 0x31u);
  EXPECT_EQ(property(fdt, "/virtio_mmio@d0001000", "husk,role"), std::string("stdin\0", 6));
  EXPECT_EQ(number(fdt, "/virtio_mmio@d0001000", "husk,queues", 0), 0x8000u);
  EXPECT_EQ(number(fdt, "/virtio_mmio@d0001000", "husk,queues", 1), 0u);
  EXPECT_EQ(property(fdt, "/virtio_mmio@d0002000", "husk,queues"), "(absent)");
  EXPECT_EQ(number(fdt, "/husk", "boot-tsc"), 0x1122'3344'5566'7788u);
  EXPECT_EQ(number(fdt, "/husk", "boot-realtime-ns"), 42u);
  EXPECT_EQ(number(fdt, "/husk", "tsc-khz"), 2'600'000u);
  EXPECT_EQ(number(fdt, "/husk", "kernel-end"), 0x12'3000u);
  EXPECT_EQ(number(fdt, "/husk", "log-level"), 4u);
  EXPECT_EQ(number(fdt, "/husk", "cpu-features"), 0u);
  EXPECT_EQ(property(fdt, "/chosen", "rng-seed").size(), 64u);
  EXPECT_EQ(property(fdt, "/husk/payload", "terminal"), "");
}

TEST_F(DeviceTree, TakesManyArgumentsAndRefusesTooMany) {
  spec_.argv.assign(5000, std::string(100, 'x'));
  const void* fdt = write();
  EXPECT_EQ(property(fdt, "/husk/payload", "argv").size(), 5000u * 101);
  EXPECT_LT(arena_.next(), Gpa{abi::kKernelGpa});

  spec_.argv.assign(20000, std::string(100, 'x'));
  EXPECT_THROW(write_device_tree(arena_, input_), Error);
}

}  // namespace
}  // namespace husk::boot
