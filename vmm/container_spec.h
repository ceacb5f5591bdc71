// What is to run, independent of how it is isolated: made of the command line and of what the image says (vmm/config),
// consumed by the micro-VM (vmm/machine), the namespaced runner and the process runner (vmm/runner).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vmm/inherited_signals.h"
#include "vmm/resource_limit.h"

namespace husk {

enum class Isolation { kVm, kNamespace, kProcess };
enum class GuestRing { kAuto, kRing0, kRing3 };

// A tmpfs for the payload, as mount(2) has it.
struct TmpfsMount {
  std::string path;         // absolute, without "." and ".."
  std::uint32_t flags = 0;  // MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC
  std::string options;      // tmpfs(5): "size=65536,mode=1777"; without a mode it is the one of the directory below it
};

// A file that the container gets whatever its image has.
struct ContainerFile {
  std::string name;  // in /etc
  std::string contents;
};

struct ContainerSpec {
  std::string image;              // as given: a directory, or a name made by `husk image import`
  std::vector<std::string> argv;  // never empty once resolved
  // "KEY=VALUE": what the payload gets. Where HOME is not among them it is what the image says of the user
  // (common/home_directory.h).
  std::vector<std::string> env;
  std::string cwd = "/";
  std::string hostname = "husk";
  // NAME|UID[:GROUP|GID] where the image has to be asked, by /etc/passwd and /etc/group of its own
  // (common/user_lookup.h); else empty, and the user is `uid`, `gid` and `groups`.
  std::string user;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary ones
  std::uint64_t memory_bytes = 64ull << 20;
  bool memory_limit_asked = false;  // -m was given: a namespaced payload gets a limit only then, a VM always has one
  bool terminal = false;            // -t
  SignalBits ignored_signals = 0;  // that husk was started with as ignored, and that the payload starts with as ignored
  SignalBits blocked_signals = 0;  // the same for blocked ones
  // What the payload does not start with anyway: in a VM also what husk was started with, which is inherited elsewhere.
  std::vector<ResourceLimit> limits;
  std::vector<TmpfsMount> tmpfs;  // in the order in which they are mounted
  std::vector<ContainerFile> etc_files;
  bool read_only = false;  // the root file system, once all this is done
  int stop_signal = 0;     // what the payload gets for husk's SIGTERM; 0: that
  Isolation isolation = Isolation::kVm;
  GuestRing guest_ring = GuestRing::kAuto;
};

}  // namespace husk
