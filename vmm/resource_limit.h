// One resource limit of a payload (getrlimit(2)).
#pragma once

#include <cstdint>

namespace husk {

struct ResourceLimit {
  std::uint64_t resource = 0;  // RLIMIT_*
  std::uint64_t soft = 0;      // RLIM_INFINITY: none
  std::uint64_t hard = 0;
};

}  // namespace husk
