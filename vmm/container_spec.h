// What the user asked to run, independent of how it is isolated: filled by the command line (or by `compare`), consumed
// by the micro-VM (vmm/machine), the namespaced runner and the process runner (vmm/runner).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vmm/inherited_limits.h"
#include "vmm/inherited_signals.h"

namespace husk {

enum class Isolation { kVm, kNamespace, kProcess };
enum class GuestRing { kAuto, kRing0, kRing3 };

struct ContainerSpec {
  std::string image;              // as given: a directory, or a name made by `husk image import`
  std::vector<std::string> argv;  // never empty once resolved
  // "KEY=VALUE": what the payload gets. Where HOME is not among them it is what the image says of the user
  // (common/home_directory.h).
  std::vector<std::string> env;
  std::string cwd = "/";
  std::string hostname = "husk";
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t memory_bytes = 64ull << 20;
  bool memory_limit_asked = false;  // -m was given: a namespaced payload gets a limit only then, a VM always has one
  bool terminal = false;            // -t
  SignalBits ignored_signals = 0;  // that husk was started with as ignored, and that the payload starts with as ignored
  SignalBits blocked_signals = 0;  // the same for blocked ones
  std::vector<InheritedLimit> limits;  // of the payload in a VM; elsewhere it inherits them
  Isolation isolation = Isolation::kVm;
  GuestRing guest_ring = GuestRing::kAuto;
};

}  // namespace husk
