// What else a container does not take over from whoever starts it: its resource limits and its keys.
#pragma once

namespace husk::runner {

// RLIMIT_NOFILE, soft and hard, is 1,024 as in runc's default configuration, or less where the caller's hard limit is.
// All other limits are the caller's, as with runc.
void limit_descriptors();

// Joins a new, empty session keyring: keys in the caller's (credentials of network file systems, of disk encryption)
// belong to the user who is logged in there (session-keyring(7)). It has no name, so nobody else can join it.
// Must be called by a process with its own credentials, not by a thread of husk's.
void leave_session_keyring();

}  // namespace husk::runner
