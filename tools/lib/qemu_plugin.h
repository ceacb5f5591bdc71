// The interface of plug-ins for QEMU's software processor (docs/devel/tcg-plugins.rst of QEMU): of its qemu-plugin.h, which Debian has in no
// package, what the plug-ins here use. To be included once in each plug-in, which has qemu_plugin_install().
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
using qemu_plugin_id_t = std::uint64_t;
struct qemu_plugin_tb;    // a block of instructions, translated
struct qemu_plugin_insn;  // one of them
enum qemu_plugin_cb_flags { kNoRegisters };
using TranslatedCallback = void (*)(qemu_plugin_id_t, qemu_plugin_tb*);
using ExecutedCallback = void (*)(unsigned vcpu, void* data);
using AtExitCallback = void (*)(qemu_plugin_id_t, void* data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, TranslatedCallback callback);
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb* block, ExecutedCallback callback, qemu_plugin_cb_flags flags,
                                          void* data);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn* instruction, ExecutedCallback callback,
                                            qemu_plugin_cb_flags flags, void* data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, AtExitCallback callback, void* data);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb* block);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* block, std::size_t index);
const void* qemu_plugin_insn_data(const qemu_plugin_insn* instruction);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn* instruction);

[[gnu::visibility("default")]] extern const int qemu_plugin_version = 1;
[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int count,
                                                       char** arguments);
}
