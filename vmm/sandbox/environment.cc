#include "vmm/sandbox/environment.h"

#include <string.h>
#include <unistd.h>

namespace husk::sandbox {

void forget_environment() {
  if (environ == nullptr) return;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    // explicit_bzero(3): one that the compiler does not leave out because nobody reads the bytes again.
    ::explicit_bzero(*variable, ::strlen(*variable));
  }
  *environ = nullptr;
}

}  // namespace husk::sandbox
