#include "tools/compare/runners/references.h"

#include <unistd.h>

namespace husk::compare {
namespace {

std::string floor_program(const Context& context) {
  return (context.husk.parent_path() / "kvm-floor").string();
}

}  // namespace

Availability ForkExec::detect(const Context&) const {
  return {true, {}, {}};
}

std::string ForkExec::objection(const Invocation& invocation) const {
  // Another command needs the libraries and files of its image, and so at least the chroot(2) of `process`.
  return invocation.is_embedded ? "" : "only the embedded payload";
}

std::vector<std::string> ForkExec::command(const Invocation& invocation) {
  std::vector<std::string> words = invocation.argv;
  words[0] = invocation.root->directory.string() + words[0];
  return words;
}

Availability KvmFloor::detect(const Context& context) const {
  if (access(floor_program(context).c_str(), X_OK) != 0) {
    return {false, {}, "not there (" + floor_program(context) + ")"};
  }
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  return {true, {}, {}};
}

void KvmFloor::prepare(const Context& context) {
  program_ = floor_program(context);
}

std::vector<std::string> KvmFloor::command(const Invocation&) {
  return {program_};
}

}  // namespace husk::compare
