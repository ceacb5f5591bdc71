// A plug-in for QEMU's software processor (docs/devel/tcg-plugins.rst of QEMU): counts the instructions that a guest
// Linux executes, those of its kernel apart from those of programs, and writes both numbers to the file of its argument
// `to=FILE` at the end.
//
// Linux for x86-64 has its kernel in the upper half of the addresses (Documentation/x86/x86_64/mm.rst), and programs
// come after it: what is executed in the lower half before the first instruction in the upper half is firmware and the
// kernel's own beginning.
//
// A block of instructions is counted when it begins, so one that an exception leaves half-way counts in full.
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "tools/lib/qemu_plugin.h"

namespace {

std::uint64_t in_kernel = 0;
std::uint64_t in_programs = 0;
bool has_reached_upper_half = false;
const char* output = nullptr;

void* as_data(std::size_t number) {
  return reinterpret_cast<void*>(number);
}

void executed_in_kernel(unsigned, void* instructions) {
  in_kernel += reinterpret_cast<std::size_t>(instructions);
  has_reached_upper_half = true;
}

void executed_below(unsigned, void* instructions) {
  (has_reached_upper_half ? in_programs : in_kernel) += reinterpret_cast<std::size_t>(instructions);
}

void translated(qemu_plugin_id_t, qemu_plugin_tb* block) {
  const bool is_upper = qemu_plugin_tb_vaddr(block) >> 63 != 0;
  qemu_plugin_register_vcpu_tb_exec_cb(block, is_upper ? executed_in_kernel : executed_below, kNoRegisters,
                                       as_data(qemu_plugin_tb_n_insns(block)));
}

void write_counts(qemu_plugin_id_t, void*) {
  std::FILE* file = std::fopen(output, "w");
  if (file == nullptr) return;
  std::fprintf(file, "%" PRIu64 " %" PRIu64 "\n", in_kernel, in_programs);
  std::fclose(file);
}

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const void*, int count, char** arguments) {
  constexpr char kKey[] = "to=";
  for (int i = 0; i < count; ++i) {
    if (std::strncmp(arguments[i], kKey, std::strlen(kKey)) == 0) output = arguments[i] + std::strlen(kKey);
  }
  if (output == nullptr) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, write_counts, nullptr);
  return 0;
}
