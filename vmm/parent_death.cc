#include "vmm/parent_death.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vmm/error.h"

namespace husk {

void die_with_parent(int parent_pidfd) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) throw Error::from_errno("set", "the parent-death signal");
  // getppid() cannot tell: it is 0 in a pid namespace. A pidfd is readable once its process has ended.
  pollfd parent{.fd = parent_pidfd, .events = POLLIN, .revents = 0};
  if (::poll(&parent, 1, 0) != 0) ::_exit(kExitHuskError);
}

}  // namespace husk
