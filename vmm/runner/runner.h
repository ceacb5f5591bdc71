// The two ways to run a container payload that need no VM: in namespaces, as runc would, and as a plain process.
//
// Both block until the payload has ended and return the status that `husk` exits with: the payload's own, 128+n when
// signal n killed it, 126 or 127 (after one line on standard error) when the command cannot be run or is not found.
// They throw husk::Error when husk itself fails. Standard input, output and error are inherited by the payload.
//
// Threading: call them from a process with a single thread; signal dispositions and masks of the process are changed.
#pragma once

#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/container_spec.h"

namespace husk::runner {

// Where the payload's root file system comes from. Exactly one of the two descriptors is open.
struct RootSource {
  std::string name;              // as the user wrote it, for messages
  UniqueFd directory;            // O_PATH: a directory, not written to in a namespace unless `in_place`
  UniqueFd erofs;                // read-only: an EROFS image file
  std::vector<UniqueFd> layers;  // its devices, in the order of its table
  // The directory itself is the container's root, and no overlay over it: what the payload writes stays there.
  bool in_place = false;

  static RootSource from_directory(const std::string& path);
  static RootSource from_erofs(UniqueFd file, std::vector<UniqueFd> layers, std::string name);
};

// All of runc's default set-up: see container_child.cc, which reads from top to bottom in the order of events.
int run_in_namespace(const ContainerSpec& spec, const RootSource& root);

// A process and exec, nothing else: the zero line of every comparison. With CAP_SYS_CHROOT the payload's root directory
// is the image directory, so that its libraries, its interpreter and its files are the ones in the image; without it
// only a static program can be run, straight from the image directory. Nothing is confined: the payload has the rights
// of the caller, and in contrast to every other isolation mode what it writes stays written. A payload that clears its
// parent-death signal outlives a husk that is killed with SIGKILL: a guard (guard.h) would be a tenth of the zero line,
// and could be killed by what it guards.
int run_as_process(const ContainerSpec& spec, const RootSource& root);

}  // namespace husk::runner
