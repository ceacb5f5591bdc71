// fork(2), vfork(2), clone(2): a new task that shares with its maker what the flags say and gets copies of the rest.
#pragma once

#include <cstdint>

#include "lib/result.h"

namespace kernel::task {

// <linux/sched.h>
enum CloneFlag : std::uint64_t {
  kCloneVm = 0x100,
  kCloneFs = 0x200,
  kCloneFiles = 0x400,
  kCloneSighand = 0x800,
  kClonePidfd = 0x1000,
  kClonePtrace = 0x2000,
  kCloneVfork = 0x4000,
  kCloneParent = 0x8000,
  kCloneThread = 0x1'0000,
  kCloneNewNs = 0x2'0000,
  kCloneSysvSem = 0x4'0000,
  kCloneSetTls = 0x8'0000,
  kCloneParentSetTid = 0x10'0000,
  kCloneChildClearTid = 0x20'0000,
  kCloneDetached = 0x40'0000,
  kCloneUntraced = 0x80'0000,
  kCloneChildSetTid = 0x100'0000,
  kCloneNewCgroup = 0x200'0000,
  kCloneNewUts = 0x400'0000,
  kCloneNewIpc = 0x800'0000,
  kCloneNewUser = 0x1000'0000,
  kCloneNewPid = 0x2000'0000,
  kCloneNewNet = 0x4000'0000,
  kCloneIo = 0x8000'0000,
  kCloneClearSighand = 0x1'0000'0000,
};

struct CloneArguments {
  std::uint64_t flags = 0;
  int exit_signal = 0;      // clone(2) takes any number; one that is no signal is never sent
  std::uint64_t stack = 0;  // new stack pointer; 0: the maker's
  std::uint64_t tls = 0;
  std::uint64_t parent_tid = 0;  // user addresses
  std::uint64_t child_tid = 0;
  std::uint64_t pidfd = 0;  // of clone(2), the same as parent_tid
};

// The new task's id.
Result<int> clone(const CloneArguments& arguments);

}  // namespace kernel::task
