#include "tools/compare/runners/references.h"

#include <unistd.h>

namespace husk::compare {
namespace {

std::string floor_program(const Context& context) {
  return (context.husk.parent_path() / "kvm-floor").string();
}

}  // namespace

Availability ForkExec::detect(const Workload& workload, const Context&) const {
  // A command of the user's needs the libraries and files of its image, and so at least the chroot(2) of `process`.
  if (!workload.is_embedded()) return {false, {}, "only for the embedded payload"};
  return {true, {}, {}};
}

void ForkExec::prepare(const Workload& workload, const Context&) {
  program_ = workload.image + workload.start[0];
}

std::vector<std::string> ForkExec::command(const Workload& workload, Phase phase) {
  std::vector<std::string> arguments = payload(workload, phase);
  arguments[0] = program_;
  return arguments;
}

Availability KvmFloor::detect(const Workload&, const Context& context) const {
  if (access(floor_program(context).c_str(), X_OK) != 0) {
    return {false, {}, "not there (" + floor_program(context) + ")"};
  }
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  return {true, {}, {}};
}

void KvmFloor::prepare(const Workload&, const Context& context) {
  program_ = floor_program(context);
}

std::vector<std::string> KvmFloor::command(const Workload&, Phase) {
  return {program_};
}

}  // namespace husk::compare
