#include "vmm/start/late_initializers.h"

namespace {

using Initializer = void (*)(int, char**, char**);

}  // namespace

// Defined by late_initializers.ld.
extern "C" {
[[gnu::visibility("hidden")]] extern const Initializer husk_late_initializers_begin[];
[[gnu::visibility("hidden")]] extern const Initializer husk_late_initializers_end[];
}

namespace husk {

void run_late_initializers() {
  for (const Initializer* it = husk_late_initializers_begin; it != husk_late_initializers_end; ++it) {
    (*it)(0, nullptr, nullptr);  // the compiler's own take no arguments
  }
}

}  // namespace husk
