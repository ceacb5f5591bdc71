// What husk and the last step say to each other: the last step's arguments, its statuses.
#pragma once

namespace husk::runner::last_step {

// argv[0] is what it is to do.
//
// {kBecome, working directory, paths to try in order..., kEndOfPaths, argv of the payload...}: enter the directory and
// execute the first path that can be, with the environment that the last step has.
inline constexpr char kBecome[] = "husk: become";
inline constexpr char kEndOfPaths[] = "";  // no path: execve(2) of it is ENOENT

// {kGuard, control groups...}: descriptors 0 and 1 are pidfds of husk and of the payload, see guard.cc.
inline constexpr char kGuard[] = "husk: guard";

// The statuses of husk itself (vmm/error.h, which needs a libc).
inline constexpr int kHuskError = 125;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

}  // namespace husk::runner::last_step
