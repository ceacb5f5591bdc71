// What a helper program that reads a hostile tree gives up before it is executed.
//
// mkfs.erofs is C that parses whatever names, sizes and links the tree has. If it is taken over, it must not be worth
// more than the tree: it reads that tree and writes one open file, and nothing else.
//
//  - As root it becomes a user and group of its own (vmm/drawn_user.h) without other groups, and keeps
//    CAP_DAC_READ_SEARCH alone, because a root file system has files that only their owners may read. As anybody else
//    it has no capability to begin with.
//  - no_new_privs; Landlock where the kernel has it: no reading outside the tree and the system's libraries (or it
//    could put /etc/shadow into the image, for the guest to read), no writing but to the image.
//  - A seccomp filter without sockets, ptrace, new processes (threads it may have), namespaces, mounts, io_uring, bpf
//    and keys, and without what changes other processes: signals, limits, priorities.
//  - Descriptors 0 (at its end), 1 and 2 (the caller's pipe), 3 (the image); an environment of two variables; signals
//    as at login; no core file; no file larger than the caller expects.
//
// A part that the host refuses is left out and said in the output, in a line that begins with "husk: ".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace husk::image {

constexpr const char* kHelperImage = "/proc/self/fd/3";

// Made before the fork, so that the child only makes system calls.
class Confinement {
 public:
  // `arguments` begins with the program's absolute path. `user`: who root's helper becomes, and its group.
  Confinement(std::vector<std::string> arguments, const std::string& tree, int image_fd, std::uint64_t max_bytes,
              uid_t user);

  // For the child. Never returns; if the program cannot be executed, the status is kExecFailed.
  [[noreturn]] void execute(int output, pid_t parent) const;
  static constexpr int kExecFailed = 127;

 private:
  void restrict_paths(int output) const;

  std::vector<std::string> arguments_;
  std::vector<char*> argv_;
  int image_;
  uid_t user_;
  std::uint64_t max_bytes_;
  UniqueFd no_input_;
  UniqueFd tree_;
  std::vector<UniqueFd> readable_;  // files and directories of the system
};

}  // namespace husk::image
