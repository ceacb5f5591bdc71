// What else a container does not take over from whoever starts it: its resource limits and its keys.
#pragma once

#include <sys/resource.h>

#include <vector>

#include "vmm/resource_limit.h"

namespace husk::runner {

// RLIMIT_NOFILE, soft and hard, is 1,024 as in runc's default configuration, or less where the caller's hard limit is.
// All other limits are the caller's, as with runc, but for those that set_limits() is given.
void limit_descriptors();

// --ulimit. Throws where the caller may not have so much.
void set_limits(const std::vector<ResourceLimit>& limits);

// The caller's limit of file sizes counts for files in memory, too (EFBIG), and is meant for the payload: it is lifted
// for as long as husk writes its own few bytes.
class NoLimitOfFileSize {
 public:
  NoLimitOfFileSize();
  NoLimitOfFileSize(const NoLimitOfFileSize&) = delete;
  NoLimitOfFileSize& operator=(const NoLimitOfFileSize&) = delete;
  ~NoLimitOfFileSize();

 private:
  rlimit before_{};
};

// Joins a new, empty session keyring: keys in the caller's (credentials of network file systems, of disk encryption)
// belong to the user who is logged in there (session-keyring(7)). It has no name, so nobody else can join it.
// Must be called by a process with its own credentials, not by a thread of husk's.
void leave_session_keyring();

}  // namespace husk::runner
