// A plug-in for QEMU's software processor (docs/devel/tcg-plugins.rst of QEMU) for tools/start-cost: which instructions the machine
// executes between the marks of marked_runs.cc, and in which phase of the work.
//
// A phase is named by the function that begins it: a system call of Linux's, a page fault, a step of KVM's. It lasts until another
// one begins, or until a program goes on. Arguments: phases=FILE with lines "ADDRESS NAME" (hexadecimal), to=FILE for the result:
//
//   runs N                              how often the machine passed a mark of a beginning
//   phase NAME TIMES                    how often it began
//   block ADDRESS INSTRUCTIONS NAME     executed in all, of the block of instructions at ADDRESS, in the phase NAME
//
// A block is counted when it begins, so one that an exception leaves half-way counts in full. A repeated string instruction
// counts each repetition.
#include <array>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/lib/qemu_plugin.h"
#include "tools/start_cost/marks.h"

namespace {

using PhaseNumber = std::size_t;
constexpr PhaseNumber kProgram = 0;
constexpr const char* kGuestRuns = "svm_vcpu_run";

struct Phase {
  std::string name;
  std::uint64_t times = 0;
};

struct Block {
  std::uint64_t address = 0;
  std::uint64_t instructions = 0;
  bool begins_phase = false;
  bool is_program = false;  // in the lower half of the addresses
  PhaseNumber phase = kProgram;
  std::map<PhaseNumber, std::uint64_t> times;
};

struct Profile {
  std::vector<Phase> phases{{"program"}};
  std::unordered_map<std::uint64_t, PhaseNumber> phase_at;
  PhaseNumber guest_runs = kProgram;
  PhaseNumber current = kProgram;
  bool counting = false;
  std::uint64_t runs = 0;
  std::string output;
  // The same address has another block where another program lies, so the number of instructions is part of the key: enough for counts.
  std::map<std::pair<std::uint64_t, std::size_t>, Block> blocks;
};

// Never destroyed: QEMU writes the result from exit(3), behind the destructors.
Profile& profile() {
  static auto* only = new Profile;  // NOLINT(cppcoreguidelines-owning-memory)
  return *only;
}

void executed(unsigned, void* data) {
  Profile& all = profile();
  if (!all.counting) return;
  auto& block = *static_cast<Block*>(data);
  if (block.begins_phase) {
    all.current = block.phase;
    ++all.phases[all.current].times;
  } else if (block.is_program && all.current != all.guest_runs) {
    all.current = kProgram;
  }
  ++block.times[all.current];
}

void begins(unsigned, void*) {
  profile().counting = true;
  profile().current = kProgram;
  ++profile().runs;
}

void ends(unsigned, void*) {
  profile().counting = false;
}

bool is_mark(const qemu_plugin_insn* instruction, const std::array<unsigned char, start_cost::kMarkSize>& mark) {
  return qemu_plugin_insn_size(instruction) == mark.size() &&
         std::memcmp(qemu_plugin_insn_data(instruction), mark.data(), mark.size()) == 0;
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* translation) {
  Profile& all = profile();
  const std::uint64_t address = qemu_plugin_tb_vaddr(translation);
  const std::size_t instructions = qemu_plugin_tb_n_insns(translation);
  for (std::size_t i = 0; i < instructions; ++i) {
    qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(translation, i);
    if (is_mark(instruction, start_cost::kBegin)) {
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, begins, kNoRegisters, nullptr);
    }
    if (is_mark(instruction, start_cost::kEnd)) {
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, ends, kNoRegisters, nullptr);
    }
  }
  const auto [found, is_new] = all.blocks.try_emplace({address, instructions});
  Block& block = found->second;
  if (is_new) {
    block.address = address;
    block.instructions = instructions;
    block.is_program = address >> 63 == 0;
    if (const auto phase = all.phase_at.find(address); phase != all.phase_at.end()) {
      block.begins_phase = true;
      block.phase = phase->second;
    }
  }
  qemu_plugin_register_vcpu_tb_exec_cb(translation, executed, kNoRegisters, &block);
}

void write_profile(qemu_plugin_id_t, void*) {
  const Profile& all = profile();
  std::FILE* file = std::fopen(all.output.c_str(), "w");
  if (file == nullptr) return;
  std::fprintf(file, "runs %" PRIu64 "\n", all.runs);
  for (const Phase& phase : all.phases) std::fprintf(file, "phase %s %" PRIu64 "\n", phase.name.c_str(), phase.times);
  for (const auto& [key, block] : all.blocks) {
    for (const auto& [phase, times] : block.times) {
      std::fprintf(file, "block %" PRIx64 " %" PRIu64 " %s\n", block.address, block.instructions * times,
                   all.phases[phase].name.c_str());
    }
  }
  std::fclose(file);
}

bool read_phases(const char* path) {
  Profile& all = profile();
  std::FILE* file = std::fopen(path, "r");
  if (file == nullptr) return false;
  std::uint64_t address = 0;
  char name[128];
  while (std::fscanf(file, "%" SCNx64 " %127s", &address, name) == 2) {
    if (std::strcmp(name, kGuestRuns) == 0) all.guest_runs = all.phases.size();
    // "program": where a phase ends because the kernel returns to a program.
    const bool returns = all.phases[kProgram].name == name;
    all.phase_at[address] = returns ? kProgram : all.phases.size();
    if (!returns) all.phases.push_back({name});
  }
  std::fclose(file);
  return true;
}

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const void*, int count, char** arguments) {
  for (int i = 0; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument.starts_with("to=")) profile().output = argument.substr(std::strlen("to="));
    if (argument.starts_with("phases=") && !read_phases(arguments[i] + std::strlen("phases="))) return 1;
  }
  if (profile().output.empty()) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, write_profile, nullptr);
  return 0;
}
