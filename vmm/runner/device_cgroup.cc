#include "vmm/runner/device_cgroup.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "vmm/error.h"

namespace husk::runner {
namespace {

bpf_insn instruction(unsigned code, std::uint8_t destination, std::uint8_t source, std::size_t offset,
                     std::int32_t immediate) {
  bpf_insn result{};
  result.code = static_cast<std::uint8_t>(code);
  result.dst_reg = destination & 0xf;
  result.src_reg = source & 0xf;
  result.off = static_cast<std::int16_t>(offset);
  result.imm = immediate;
  return result;
}

constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kType = BPF_REG_2;
constexpr std::uint8_t kMajor = BPF_REG_3;
constexpr std::uint8_t kMinor = BPF_REG_4;

bpf_insn load_word(std::uint8_t into, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, into, kContext, offset, 0);
}

bpf_insn skip_unless_equal(std::uint8_t reg, unsigned value, std::size_t skipped) {
  return instruction(BPF_JMP | BPF_JNE | BPF_K, reg, 0, skipped, static_cast<std::int32_t>(value));
}

void add_verdict(std::vector<bpf_insn>& program, bool allowed) {
  program.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allowed ? 1 : 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

// The group keeps the program until it is removed itself (bpf(2), BPF_PROG_ATTACH).
void attach(const std::string& path, const std::vector<bpf_insn>& program) {
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<std::uintptr_t>(program.data());
  load.insn_cnt = static_cast<std::uint32_t>(program.size());
  constexpr char kLicense[] = "GPL";
  load.license = reinterpret_cast<std::uintptr_t>(kLicense);
  const UniqueFd loaded(bpf(BPF_PROG_LOAD, load));
  if (!loaded) throw Error::from_errno("load", "the device program");

  const UniqueFd group(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!group) throw Error::from_errno("open", "control group " + path);
  bpf_attr attachment{};
  attachment.target_fd = static_cast<std::uint32_t>(group.get());
  attachment.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
  attachment.attach_type = BPF_CGROUP_DEVICE;
  attachment.attach_flags = BPF_F_ALLOW_MULTI;  // as runc and systemd: all programs on the way up have to agree
  if (bpf(BPF_PROG_ATTACH, attachment) != 0) throw Error::from_errno("attach the device program to", path);
}

void write_rules(const OwnCgroup& group, const std::vector<DeviceRule>& rules) {
  group.write("devices.deny", "a");
  const std::string file = group.path() + "/devices.allow";
  const UniqueFd allow(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!allow) throw Error::from_errno("open", file);
  for (const DeviceRule& rule : rules) {
    const std::string text = device_rule_text(rule);
    // EPERM: the group above does not have the device either, and no group gets more than its parent.
    if (::write(allow.get(), text.data(), text.size()) < 0 && errno != EPERM) {
      throw Error::from_errno("write " + text + " to", file);
    }
  }
}

}  // namespace

std::vector<DeviceRule> default_device_rules() {
  return {
      {1, 3},
      {1, 5},
      {1, 7},
      {1, 8},
      {1, 9},  // null zero full random urandom
      {5, 0},
      {5, 1},
      {5, 2},               // tty console ptmx
      {136, std::nullopt},  // pts/*
  };
}

std::string device_rule_text(const DeviceRule& rule) {
  return "c " + std::to_string(rule.major) + ":" + (rule.minor ? std::to_string(*rule.minor) : "*") + " rwm";
}

std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules) {
  std::vector<bpf_insn> program = {
      load_word(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
      load_word(kMajor, offsetof(bpf_cgroup_dev_ctx, major)), load_word(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
      instruction(BPF_ALU64 | BPF_AND | BPF_K, kType, 0, 0, 0xffff),  // the upper half has the kind of access
  };
  for (const DeviceRule& rule : rules) {
    program.push_back(skip_unless_equal(kType, BPF_DEVCG_DEV_CHAR, rule.minor ? 4 : 3));
    program.push_back(skip_unless_equal(kMajor, rule.major, rule.minor ? 3 : 2));
    if (rule.minor) program.push_back(skip_unless_equal(kMinor, *rule.minor, 2));
    add_verdict(program, true);
  }
  add_verdict(program, false);
  return program;
}

DeviceCgroup DeviceCgroup::create(const MemoryCgroup& memory) {
  const std::vector<DeviceRule> rules = default_device_rules();
  if (const auto place = cgroup_v1_of("self", "devices")) {
    OwnCgroup group = OwnCgroup::create(*place);
    write_rules(group, rules);
    return DeviceCgroup(std::move(group));
  }
  const std::vector<bpf_insn> program = device_program(rules);
  if (memory.unified()) {
    attach(memory.group().path(), program);
    return DeviceCgroup(std::nullopt);
  }
  const auto place = cgroup_v2_of("self");
  if (!place) throw Error("make", "a device control group", "no hierarchy of control groups has devices");
  OwnCgroup group = OwnCgroup::create(*place);
  attach(group.path(), program);
  return DeviceCgroup(std::move(group));
}

}  // namespace husk::runner
