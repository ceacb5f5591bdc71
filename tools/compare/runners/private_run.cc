#include "tools/compare/runners/private_run.h"

#include <string>

#include "vmm/runner/mounts.h"

namespace husk::compare {

void make_run_private(const std::filesystem::path& scratch) {
  const std::filesystem::path changes = scratch / "host-run";
  if (std::filesystem::exists(changes)) return;
  for (const char* part : {"upper", "work"}) std::filesystem::create_directories(changes / part);
  runner::mount_at("husk-compare", "/run", "overlay", 0,
                   "lowerdir=/run,upperdir=" + (changes / "upper").string() + ",workdir=" + (changes / "work").string());
}

}  // namespace husk::compare
