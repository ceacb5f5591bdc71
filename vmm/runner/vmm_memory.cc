#include "vmm/runner/vmm_memory.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

#include "common/unique_fd.h"
#include "vmm/error.h"
#include "vmm/runner/cgroup.h"
#include "vmm/runner/child_process.h"
#include "vmm/runner/guard.h"
#include "vmm/runner/last_step_file.h"

namespace husk::runner {
namespace {

bool is_file_in_memory(int fd) {
  struct stat status {};
  struct statfs system {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ::fstatfs(fd, &system) == 0 &&
         (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

}  // namespace

std::uint64_t vmm_memory_limit(std::uint64_t ram_bytes, std::uint64_t image_bytes) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 60;  // more than any host has, and no sum of these overflows
  ram_bytes = std::min(ram_bytes, kMost);
  image_bytes = std::min(image_bytes, kMost);
  return ram_bytes + (ram_bytes + image_bytes) / kVmmShare + kVmmBytes;
}

void enter_vmm_cgroup(std::uint64_t limit_bytes) {
  // What is written there would count, and stay: the VMM would be killed for what the caller wants to have.
  if (is_file_in_memory(STDOUT_FILENO) || is_file_in_memory(STDERR_FILENO)) {
    throw Error("limit", "the memory of the container",
                "its output goes to a file on a tmpfs, which would be part of it");
  }
  MemoryCgroup cgroup = MemoryCgroup::create(limit_bytes);
  const UniqueFd self = open_pidfd_of_self();
  const UniqueFd program = make_last_step_file();
  Guard guard(program.get(), {cgroup.group().path()});
  // Before the caller is in the group: the guard must be outside of it.
  guard.start(self.get(), self.get());
  guard.let_go();
  cgroup.enter_and_leave_to_guard();
}

}  // namespace husk::runner
