#include "vmm/machine/backend.h"

#include <unistd.h>

namespace husk::machine {

const char* backend_name() {
  struct Known {
    const char* directory;
    const char* name;
  };
  // Built-in modules have a directory there too, if they have parameters; these three have.
  constexpr Known kKnown[] = {
      {"/sys/module/kvm_pvm", "pvm"}, {"/sys/module/kvm_intel", "vmx"}, {"/sys/module/kvm_amd", "svm"}};
  for (const Known& known : kKnown) {
    if (::access(known.directory, F_OK) == 0) return known.name;
  }
  return "unknown";
}

}  // namespace husk::machine
