#include "tools/compare/runners/private_run.h"

#include <sys/mount.h>

#include <fstream>
#include <system_error>

#include "vmm/runner/mounts.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

}  // namespace

void mirror_directory(const fs::path& source, const fs::path& target, const std::set<std::string>& left_out) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(source, none)) {
    const std::string name = entry.path().filename();
    if (left_out.contains(name)) continue;
    const fs::path mirrored = target / name;
    if (entry.is_symlink(none)) {
      fs::copy_symlink(entry.path(), mirrored);
      continue;
    }
    if (entry.is_directory(none)) {
      fs::create_directory(mirrored);
    } else {
      std::ofstream(mirrored).close();  // to be mounted on
    }
    runner::mount_at(entry.path(), mirrored, {}, MS_BIND | MS_REC);
  }
}

void make_run_private(const fs::path& scratch) {
  const fs::path own = scratch / "host-run";
  if (fs::exists(own)) return;
  fs::create_directory(own);
  runner::mount_at("husk-compare", own, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  mirror_directory("/run", own, {"containerd", "systemd"});
  fs::create_directories(own / "containerd");
  fs::create_directories(own / "systemd/nspawn");
  mirror_directory("/run/systemd", own / "systemd", {"nspawn"});
  runner::mount_at(own, "/run", {}, MS_BIND | MS_REC);
}

}  // namespace husk::compare
