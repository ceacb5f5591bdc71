#include "tools/compare/runners/references.h"

#include <unistd.h>

#include "vmm/error.h"

namespace husk::compare {
namespace {

std::string floor_program(const Context& context) {
  return (context.husk.parent_path() / "kvm-floor").string();
}

}  // namespace

void ForkExec::prepare(const Workload& workload, const Context&) {
  // A command of the user's needs the libraries of its image: there is no running it without any isolation but chroot.
  if (workload.stamp.empty())
    throw Error("run", "the command", "only the embedded payload can be run without its root");
  program_ = workload.image + workload.start[0];
}

std::vector<std::string> ForkExec::command(const Workload& workload, Phase phase) {
  std::vector<std::string> arguments = payload(workload, phase);
  arguments[0] = program_;
  return arguments;
}

Availability KvmFloor::detect(const Context& context) const {
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
