#include "vmm/lower_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace husk {

bool lower_limit(int resource, std::uint64_t most) {
  const auto which = static_cast<__rlimit_resource>(resource);
  rlimit now{};
  if (::getrlimit(which, &now) != 0) return false;
  if (most >= now.rlim_max) return true;
  const rlimit wanted{.rlim_cur = std::min<rlim_t>(now.rlim_cur, most), .rlim_max = most};
  return ::setrlimit(which, &wanted) == 0;
}

}  // namespace husk
