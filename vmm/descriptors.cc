#include "vmm/descriptors.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "vmm/error.h"

namespace husk {
namespace {

void close_from_to(unsigned first, unsigned last) {
  if (first > last) return;
  if (::syscall(SYS_close_range, first, last, 0) != 0) {
    throw Error::from_errno("close", "descriptors", "husk needs Linux 5.9");
  }
}

}  // namespace

int keep_only(std::span<const int> kept) {
  std::vector<int> sorted(kept.begin(), kept.end());
  std::ranges::sort(sorted);
  unsigned next = STDERR_FILENO + 1;
  for (const int descriptor : sorted) {
    if (descriptor < static_cast<int>(next)) continue;
    close_from_to(next, static_cast<unsigned>(descriptor) - 1);
    next = static_cast<unsigned>(descriptor) + 1;
  }
  close_from_to(next, ~0U);
  return static_cast<int>(next) - 1;
}

}  // namespace husk
