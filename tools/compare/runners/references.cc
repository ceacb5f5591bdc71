#include "tools/compare/runners/references.h"

#include <unistd.h>

#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr int kFloorTimeoutMs = 10'000;

Availability detect_floor(const std::string& program) {
  if (access(program.c_str(), X_OK) != 0) return {false, {}, "not there (" + program + ")"};
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  return {true, {}, {}};
}

double time_of(const std::vector<std::string>& command) {
  Process process = Process::start(command, Process::Streams::kNone);
  const std::string name = command[0] + " " + command[1];
  if (!process.wait(kFloorTimeoutMs)) throw Error("run", name, "it had not ended after 10 s");
  if (process.exit_status() != 0) {
    throw Error("run", name, "exit status " + std::to_string(process.exit_status()) + ": " + process.last_error_line());
  }
  return static_cast<double>(process.end_ns() - process.start_ns());
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
  return detect_floor(context.beside_husk(kName));
}

void KvmFloor::prepare(const Context& context) {
  program_ = context.beside_husk(kName);
  choice_ = choose_quickest({"none", "split", "full"}, [&](const std::string& variant) {
    return time_of({program_, variant});
  });
}

std::vector<std::string> KvmFloor::command(const Invocation&) {
  return {program_, choice_.name};
}

Availability KvmFloorIrqfd::detect(const Context& context) const {
  return detect_floor(context.beside_husk("kvm-floor-irqfd"));
}

void KvmFloorIrqfd::prepare(const Context& context) {
  program_ = context.beside_husk("kvm-floor-irqfd");
}

}  // namespace husk::compare
