// The caller's environment holds secrets often enough (tokens, passwords). The payload gets the variables that -e
// names, and nobody needs the others once the guest runs.
#pragma once

namespace husk::sandbox {

// Overwrites all variables of this process with zeros, where the kernel put them at exec (the stack, and so
// /proc/PID/environ), and empties the list: getenv(3) finds nothing afterwards.
void forget_environment();

}  // namespace husk::sandbox
