// Which descriptors a process keeps that is about to run something it does not trust: a confined VMM its guest, a child
// its payload. Whatever else it inherited or forgot to close would be something that the other side could reach.
#pragma once

#include <span>

namespace husk {

// Closes every descriptor above 2 that is not in `kept`, in which negative numbers stand for nothing; returns the
// highest that is left. Really closes them, at once: one that is closed by execve(2) is still open while execve looks
// up its path (CVE-2024-21626). Owners of those that are closed here get EBADF when they close them later, which is
// harmless as long as no number is used again. For a process that has a descriptor table of its own. Throws
// husk::Error.
int keep_only(std::span<const int> kept);

}  // namespace husk
