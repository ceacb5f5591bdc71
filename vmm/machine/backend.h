// Which KVM back end the host runs, by the kernel modules that it has loaded. For messages only: nothing is decided by
// this name.
#pragma once

namespace husk::machine {

const char* backend_name();  // "vmx", "svm", "pvm" or "unknown"

}  // namespace husk::machine
