#include "vmm/inherited_limits.h"

#include <sys/resource.h>

#include <array>

namespace husk {
namespace {

constexpr std::array kPassedOn = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_AS};
constexpr rlim_t kUsualStack = 8 << 20;

}  // namespace

std::vector<ResourceLimit> inherited_limits() {
  std::vector<ResourceLimit> limits;
  for (const auto resource : kPassedOn) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0) continue;
    const rlim_t usual = resource == RLIMIT_STACK ? kUsualStack : RLIM_INFINITY;
    if (limit.rlim_cur == usual && limit.rlim_max == RLIM_INFINITY) continue;
    limits.push_back({static_cast<std::uint64_t>(resource), limit.rlim_cur, limit.rlim_max});
  }
  return limits;
}

}  // namespace husk
