// Another user for a process that has forked or has threads in name only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace husk {

// Has `groups` as its only further groups and becomes `uid` and `gid`, for good: real, effective and saved. False and errno where that
// fails, which may be half-way. By system calls and not glibc's wrappers, which would signal every thread that glibc
// believes this process has. Async-signal-safe.
bool become_user(uid_t uid, gid_t gid, std::span<const std::uint32_t> groups = {});

}  // namespace husk
