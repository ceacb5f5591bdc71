// What the runners that start QEMU share: words of its command line, and what its exit status says.
#pragma once

#include <filesystem>
#include <string>

namespace husk::compare {

// A path as the value of an option with several: a comma in it is written twice (qemu(1)).
std::string qemu_value(const std::filesystem::path& path);

// The payload's exit status, where the guest has written status + 1 to isa-debug-exit, which ends QEMU with 2n + 1; above
// 125 the last line of what it wrote to isa-debugcon says it (docs/pvh.md). 125 where QEMU itself failed.
int status_from_guest(int qemu_status, const std::filesystem::path& log);

}  // namespace husk::compare
