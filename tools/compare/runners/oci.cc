#include "tools/compare/runners/oci.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/compare/guard.h"
#include "tools/compare/output/file.h"
#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

}  // namespace

Availability OciRuntime::detect(const Context&) const {
  const std::string program = find_program(package_);
  if (program.empty()) return {false, {}, "not installed (apt package " + package_ + ")"};
  if (geteuid() != 0) return {false, {}, "needs root"};
  return {true, version_of(program), {}};
}

void OciRuntime::prepare(const Context& context) {
  program_ = find_program(package_);
  // One for each runner, since runc and crun keep their state in different formats; in the scratch directory, so that
  // nothing of it can stay behind.
  state_ = (context.scratch / (name() + "-state")).string();
  bundles_ = context.scratch / (name() + "-bundles");
  fs::create_directories(bundles_);
  // Not `spec --bundle`, which runc has and crun 1.8 has not: both write to the working directory.
  if (!output_of({"/bin/sh", "-c", "cd \"$1\" && exec \"$2\" spec", "sh", bundles_.string(), program_})) {
    throw Error("run", package_ + " spec", "it failed");
  }
  template_ = read_file(bundles_ / "config.json");
}

std::vector<std::string> OciRuntime::runtime() const {
  std::vector<std::string> words = {program_, "--root", state_};
  words.insert(words.end(), options_.begin(), options_.end());
  return words;
}

std::vector<std::string> OciRuntime::command(const Invocation& invocation) {
  nlohmann::json config = nlohmann::json::parse(template_, nullptr, false);
  if (!config.is_object()) throw Error("read", name_ + " spec", "it wrote no JSON object");
  config["process"]["terminal"] = false;
  config["process"]["args"] = invocation.argv;
  config["root"]["path"] = invocation.root->directory.string();
  config["root"]["readonly"] = !invocation.root->is_private;  // as with the other runners; changes go to memory
  if (invocation.memory_bytes != 0) config["linux"]["resources"]["memory"]["limit"] = invocation.memory_bytes;
  adjust(config);
  configuration_ = config;
  const std::string container = "husk-compare-" + std::to_string(comparison_id()) + "-" + std::to_string(next_++);
  // Containers that run the same share a bundle, so that a thousand runs do not fill the scratch directory.
  const std::string text = config.dump();
  fs::path& bundle = made_[text];
  if (bundle.empty()) {
    const fs::path directory = bundles_ / std::to_string(made_.size());
    fs::create_directory(directory);
    std::ofstream file(directory / "config.json");
    if (!(file << text << std::flush)) throw Error("write", (directory / "config.json").string(), "it is not whole");
    bundle = directory;
  }
  std::vector<std::string> words = runtime();
  words.insert(words.end(), {"run", "--bundle", bundle.string()});
  // The payload has the command's own standard streams then (runc's docs/terminals.md, "Detached pass-through").
  if (invocation.is_detached) words.emplace_back("--detach");
  words.push_back(container);
  return words;
}

void OciRuntime::clean_up() {
  // Nothing to do after runs that ended by themselves: then the runtime does not know the container any more.
  std::error_code none;
  for (const fs::directory_entry& container : fs::directory_iterator(state_, none)) {
    std::vector<std::string> words = runtime();
    words.insert(words.end(), {"delete", "--force", container.path().filename().string()});
    output_of(words);
  }
}

}  // namespace husk::compare
