#include "tools/compare/runners/runc.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr Phase kPhases[] = {Phase::kStart, Phase::kStamp, Phase::kIdle};

// Changes what `runc spec` wrote to run this payload, on this root, without a terminal.
void adapt(const std::filesystem::path& file, const std::vector<std::string>& arguments,
           const std::filesystem::path& root) {
  std::ifstream input(file);
  nlohmann::json config = nlohmann::json::parse(input, nullptr, false);
  if (!config.is_object()) throw Error("read", file.string(), "runc spec wrote no JSON object");
  config["process"]["terminal"] = false;
  config["process"]["args"] = arguments;
  config["root"]["path"] = root.string();
  config["root"]["readonly"] = false;  // as with the other runners; changes go to memory (Context::root)
  std::ofstream(file) << config;
}

}  // namespace

Availability Runc::detect(const Workload&, const Context&) const {
  const std::string program = find_program("runc");
  if (program.empty()) return {false, {}, "not installed (apt package runc)"};
  if (geteuid() != 0) return {false, {}, "needs root"};
  const std::string version = output_of({program, "--version"}).value_or("");
  return {true, version.substr(0, version.find('\n')), {}};
}

std::string Runc::bundle(Phase phase) const {
  return (bundles_ / std::to_string(static_cast<int>(phase))).string();
}

void Runc::prepare(const Workload& workload, const Context& context) {
  program_ = find_program("runc");
  bundles_ = context.scratch / "runc";
  for (const Phase phase : kPhases) {
    const std::vector<std::string>& arguments = payload(workload, phase);
    if (arguments.empty()) continue;
    std::filesystem::create_directories(bundle(phase));
    if (!output_of({program_, "spec", "--bundle", bundle(phase)})) throw Error("run", "runc spec", "it failed");
    adapt(bundle(phase) + "/config.json", arguments, context.root);
  }
}

std::vector<std::string> Runc::command(const Workload&, Phase phase) {
  container_ = "husk-compare-" + std::to_string(getpid()) + "-" + std::to_string(next_container_++);
  return {program_, "run", "--bundle", bundle(phase), container_};
}

void Runc::clean_up() {
  // Nothing to do after a run that ended by itself: then runc does not know the container any more.
  if (!container_.empty()) output_of({program_, "delete", "--force", container_});
}

}  // namespace husk::compare
