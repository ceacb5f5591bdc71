#include "tools/compare/runners/nspawn.h"

#include <unistd.h>

#include "tools/compare/guard.h"
#include "tools/compare/process.h"
#include "tools/compare/runners/private_run.h"
#include "vmm/runner/cgroup.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

// The groups that nspawn makes below its caller's with --keep-unit, in the hierarchies that systemd itself uses, and
// does not remove. rmdir(2) removes none that has processes, so another's in use is safe.
void remove_left_groups() {
  for (const auto& group : {runner::cgroup_v2_of("self"), runner::cgroup_v1_of("self", "name=systemd")}) {
    if (!group) continue;
    for (const char* name : {"payload", "supervisor"}) rmdir((fs::path(*group) / name).c_str());
  }
}

}  // namespace

Availability Nspawn::detect(const Context&) const {
  const std::string program = find_program("systemd-nspawn");
  if (program.empty()) return {false, {}, "not installed (apt package systemd-container)"};
  if (geteuid() != 0) return {false, {}, "needs root"};
  return {true, version_of(program), {}};
}

void Nspawn::prepare(const Context& context) {
  program_ = find_program("systemd-nspawn");
  remove_left_groups();  // of a comparison that was killed
  make_run_private(context.scratch);
}

std::vector<std::string> Nspawn::command(const Invocation& invocation) {
  // A name for each run: two of the same cannot run at a time.
  const std::string machine = "husk-compare-" + std::to_string(comparison_id()) + "-" + std::to_string(next_++);
  std::vector<std::string> words = {program_,
                                    "--quiet",
                                    "--register=no",
                                    "--keep-unit",
                                    "--private-network",
                                    "--pipe",  // the three streams as they are, no pseudo-terminal
                                    "--machine=" + machine,
                                    "--directory=" + invocation.root->directory.string()};
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

void Nspawn::clean_up() {
  remove_left_groups();
}

}  // namespace husk::compare
