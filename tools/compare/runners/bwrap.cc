#include "tools/compare/runners/bwrap.h"

#include "tools/compare/process.h"
#include "vmm/runner/program.h"

namespace husk::compare {

Availability Bwrap::detect(const Context&) const {
  const std::string program = find_program("bwrap");
  if (program.empty()) return {false, {}, "not installed (apt package bubblewrap)"};
  return {true, version_of(program), {}};
}

void Bwrap::prepare(const Context&) {
  program_ = find_program("bwrap");
}

std::vector<std::string> Bwrap::command(const Invocation& invocation) {
  const char* bind = invocation.root->is_private ? "--bind" : "--ro-bind";
  std::vector<std::string> words = {
      program_,   "--unshare-all", "--die-with-parent",  "--clearenv",
      "--setenv", "PATH",          runner::kDefaultPath, bind};  // the others' payloads do not get the caller's
  words.insert(words.end(), {invocation.root->directory.string(), "/", "--proc", "/proc", "--dev", "/dev"});
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

}  // namespace husk::compare
