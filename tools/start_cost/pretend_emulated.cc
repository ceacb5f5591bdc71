// pretend_emulated FILE: FILE, the profile of the host that husk has measured (vmm/machine/host_profile.h), says afterwards that the host emulates
// CPL 0, slowly, as software back ends of KVM do. husk then prepares a VM as it does there: pages are made present before the
// guest runs, and the kernel's are copies. In the lab it is the only way to see what such a start executes.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "vmm/machine/host_profile_format.h"

namespace {
constexpr double kSlow = 2000;  // ticks of the TSC for an instruction; 1 where the processor executes it itself
}

int main(int count, char** arguments) {
  husk::machine::HostProfileHeader header;
  const int file = count == 2 ? ::open(arguments[1], O_RDWR | O_CLOEXEC) : -1;
  if (file < 0 || ::pread(file, &header, sizeof header, 0) != sizeof header ||
      header.magic != husk::machine::kHostProfileMagic) {
    std::fputs("pretend_emulated FILE: FILE is not a profile of a host\n", stderr);
    return 1;
  }
  header.cpl0_ticks_per_instruction = kSlow;
  return ::pwrite(file, &header, sizeof header, 0) == sizeof header ? 0 : 1;
}
