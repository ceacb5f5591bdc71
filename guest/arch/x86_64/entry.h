// What entry.S defines. Hidden visibility: reached relative to RIP, without a global offset table.
#pragma once

#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(hidden)
extern "C" {
// Pushes the callee-saved registers, stores RSP at `save_rsp`, and continues where `load_rsp` was stored.
void switch_stacks(std::uint64_t* save_rsp, std::uint64_t load_rsp);
void task_start();  // where a new task's stack returns to
extern const char syscall_entry[];
extern std::byte tss[];
extern std::byte emergency_stack[], boot_stack[], first_stack[];  // lowest addresses
}
#pragma GCC visibility pop
