// What a process that reads a hostile tree gives up before it begins.
//
// A tree has whatever names, sizes, links and attributes somebody chose. If what reads it is taken over, it must not be
// worth more than the tree: it reads that tree and writes one open file, and nothing else.
//
//  - As root it becomes a user and group of its own (vmm/drawn_user.h) without other groups, and keeps
//    CAP_DAC_READ_SEARCH alone, because a root file system has files that only their owners may read. As anybody else
//    it has no capability to begin with.
//  - no_new_privs; Landlock where the kernel has it: no opening of anything outside the tree (or it could put
//    /etc/shadow into the image, for the guest to read), and nothing in it for writing.
//  - A seccomp filter that lets through what reading a tree and writing a file takes.
//  - Descriptors 0 (at its end), 1 and 2 (the caller's pipe), the tree and the image; no environment; signals as at
//    login; no core file; no file larger than the caller expects.
//
// A part that the host refuses is left out and said in the output, in a line that begins with "husk: ".
//
// husk-import (vmm/oci/main.cc), which reads container images, gives up the same and more: of an archive, which is an open
// file, it can open nothing at all, and its memory has a limit.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace husk::image {

// Made before the fork: what has to be opened is open then.
class Confinement {
 public:
  // `user`: who root's process becomes, and its group.
  Confinement(const std::string& tree, int image_fd, std::uint64_t max_bytes, uid_t user);

  // For the child, for good: its standard output and error are `output` from then on. Throws husk::Error.
  void enter(int output, pid_t parent) const;

  int tree() const { return tree_.get(); }  // can be read
  int image() const { return image_; }

 private:
  void keep_descriptors(int output) const;

  int image_;
  uid_t user_;
  std::uint64_t max_bytes_;
  UniqueFd no_input_;
  UniqueFd tree_;
};

struct ImportConfinement {
  int directory = -1;            // below which it may open files for reading; else it may open none
  std::vector<int> files{};      // that stay open, beside the standard streams
  std::uint64_t most_bytes = 0;  // of a file that it writes
  std::uint64_t most_memory = 0;
  uid_t user = 0;
};

// For good. Throws husk::Error.
void enter_import_confinement(const ImportConfinement& confinement, pid_t parent);

}  // namespace husk::image
