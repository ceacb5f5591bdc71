#include "tools/compare/runners/bwrap.h"

#include "tools/compare/process.h"

namespace husk::compare {

Availability Bwrap::detect(const Workload&, const Context&) const {
  const std::string program = find_program("bwrap");
  if (program.empty()) return {false, {}, "not installed (apt package bubblewrap)"};
  std::string version = output_of({program, "--version"}).value_or("");
  return {true, version.substr(0, version.find('\n')), {}};
}

void Bwrap::prepare(const Workload&, const Context& context) {
  program_ = find_program("bwrap");
  root_ = context.root.string();
  bind_ = context.root_is_private ? "--bind" : "--ro-bind";
}

std::vector<std::string> Bwrap::command(const Workload& workload, Phase phase) {
  std::vector<std::string> arguments = {
      program_, "--unshare-all", "--die-with-parent", bind_, root_, "/", "--proc", "/proc", "--dev", "/dev"};
  for (const std::string& word : payload(workload, phase)) arguments.push_back(word);
  return arguments;
}

}  // namespace husk::compare
