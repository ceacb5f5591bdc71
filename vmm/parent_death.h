// A child that does not outlive its parent, as long as it has no say in it.
#pragma once

namespace husk {

// For the child: the kernel kills it with SIGKILL when its parent ends (prctl(2), PR_SET_PDEATHSIG). `parent_pidfd`
// refers to the parent; if that has already ended, this does not return. To be called again after a change of
// credentials, which clears the setting. (That a payload can clear it, too, is why there is a guard:
// vmm/runner/guard.h.) Throws husk::Error.
void die_with_parent(int parent_pidfd);

}  // namespace husk
