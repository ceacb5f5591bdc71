// Which devices a payload's control group lets through: the program of version 2, executed by a small interpreter of
// the few BPF instructions that it is made of, the lines of version 1, and what is masked in /sys.
#include "vmm/runner/device_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>

#include "tests/unit/temporary_tree.h"
#include "vmm/runner/mounts.h"

namespace husk::runner {
namespace {

// Nothing when the program leaves its bounds or uses an instruction that it should not need.
std::optional<std::uint64_t> run(const std::vector<bpf_insn>& program, const bpf_cgroup_dev_ctx& context) {
  std::array<std::uint64_t, 11> registers{};
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const bpf_insn& op = program[pc];
    switch (op.code) {
      case BPF_LDX | BPF_MEM | BPF_W: {
        std::uint32_t word = 0;
        if (op.src_reg != BPF_REG_1 || op.off < 0 || op.off + sizeof word > sizeof context) return std::nullopt;
        std::memcpy(&word, reinterpret_cast<const char*>(&context) + op.off, sizeof word);
        registers[op.dst_reg] = word;
        break;
      }
      case BPF_ALU64 | BPF_AND | BPF_K:
        registers[op.dst_reg] &= static_cast<std::uint64_t>(op.imm);
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        registers[op.dst_reg] = static_cast<std::uint64_t>(op.imm);
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        if (registers[op.dst_reg] != static_cast<std::uint64_t>(op.imm)) pc += static_cast<std::size_t>(op.off);
        break;
      case BPF_JMP | BPF_EXIT:
        return registers[BPF_REG_0];
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

constexpr std::uint32_t kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

std::optional<std::uint64_t> verdict(std::uint32_t type, std::uint32_t major, std::uint32_t minor) {
  return run(device_program(default_device_rules()), {kAllAccess << 16 | type, major, minor});
}

TEST(DeviceProgram, AllowsTheDefaultDevices) {
  for (const auto& [major, minor] : std::vector<std::pair<unsigned, unsigned>>{
           {1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {136, 0}, {136, 1048575}}) {
    EXPECT_EQ(verdict(BPF_DEVCG_DEV_CHAR, major, minor), 1U) << major << ":" << minor;
  }
}

TEST(DeviceProgram, RefusesEverythingElse) {
  for (unsigned major = 0; major < 512; ++major) {
    for (unsigned minor = 0; minor < 256; ++minor) {
      EXPECT_EQ(verdict(BPF_DEVCG_DEV_BLOCK, major, minor), 0U) << "block " << major << ":" << minor;
      const bool memory = major == 1 && (minor == 3 || minor == 5 || (minor >= 7 && minor <= 9));
      if (memory || (major == 5 && minor <= 2) || major == 136) continue;
      EXPECT_EQ(verdict(BPF_DEVCG_DEV_CHAR, major, minor), 0U) << "character " << major << ":" << minor;
    }
  }
}

TEST(DeviceRules, HaveTheFormOfVersionOne) {
  EXPECT_EQ(device_rule_text({1, 3}), "c 1:3 rwm");
  EXPECT_EQ(device_rule_text({136, std::nullopt}), "c 136:* rwm");
}

TEST(MaskedPaths, ThermalThrottleOfEveryProcessor) {
  const test::TemporaryTree tree;
  const std::filesystem::path processors = tree.path();
  EXPECT_THAT(thermal_throttle_directories(processors), testing::IsEmpty());
  for (const char* name : {"cpu0", "cpu1", "cpu10", "cpufreq", "cpu", "cpu1x"}) {
    std::filesystem::create_directories(processors / name / "thermal_throttle");
  }
  EXPECT_THAT(thermal_throttle_directories(processors),
              testing::UnorderedElementsAre(processors / "cpu0/thermal_throttle", processors / "cpu1/thermal_throttle",
                                            processors / "cpu10/thermal_throttle"));
}

}  // namespace
}  // namespace husk::runner
