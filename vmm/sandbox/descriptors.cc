#include "vmm/sandbox/descriptors.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "vmm/error.h"

namespace husk::sandbox {

int close_all_but(std::span<const int> kept) {
  std::vector<int> sorted(kept.begin(), kept.end());
  std::ranges::sort(sorted);
  unsigned from = STDERR_FILENO + 1;
  const auto close_from_up_to = [&from](unsigned last) {
    // The system call: glibc's wrapper is as new as the kernel's call, but some C libraries have none.
    if (from <= last && ::syscall(SYS_close_range, from, last, 0) != 0) {
      throw Error::from_errno("close", "inherited descriptors", "husk needs Linux 5.9");
    }
  };
  for (const int fd : sorted) {
    if (fd < 0 || static_cast<unsigned>(fd) < from) continue;
    if (static_cast<unsigned>(fd) > from) close_from_up_to(static_cast<unsigned>(fd) - 1);
    from = static_cast<unsigned>(fd) + 1;
  }
  close_from_up_to(~0U);
  return static_cast<int>(from) - 1;
}

}  // namespace husk::sandbox
