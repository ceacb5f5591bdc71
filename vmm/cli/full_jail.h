// `husk run --jail full`: the VMM in a process of its own, in namespaces of its own. What the system call filter puts
// out of reach anyway (sockets, other processes, mounts) is then not there at all, should the filter have a hole.
#pragma once

#include <functional>

#include "vmm/inherited_signals.h"
#include "vmm/sandbox/identity.h"

namespace husk::cli {

// Makes mount, pid, network, IPC, UTS and cgroup namespaces (and a user namespace where the caller is not root), then a
// child that is process 1 of the pid namespace and runs `machine`. The calling process, which moves into all of them
// but the pid namespace, waits for it, passes signals on and returns its status. In the child this returns what
// `machine` returned, or lets through what it threw. Throws husk::Error.
int run_in_full_jail(SignalBits ignored_signals, const std::function<int(const sandbox::Jail&)>& machine);

}  // namespace husk::cli
