#include "tools/compare/runners/wasm.h"

#include <unistd.h>

#include "tools/compare/process.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

fs::path beside_husk(const Context& context, const char* name) {
  return context.husk.parent_path() / name;
}

}  // namespace

Availability Wasm::detect(const Context& context) const {
  const std::string node = find_program("node");
  if (node.empty()) return {false, {}, "not installed (apt package nodejs)"};
  if (access(beside_husk(context, "payload.wasm").c_str(), R_OK) != 0) {
    return {false, {}, "not built (apt packages clang lld wasi-libc libclang-rt-14-dev-wasm32, then build again)"};
  }
  const std::string version = output_of({node, "--version"}).value_or("");
  return {true, "node " + version.substr(0, version.find('\n')), {}};
}

void Wasm::prepare(const Context& context) {
  node_ = find_program("node");
  launcher_ = beside_husk(context, "run_wasi.mjs");
  module_ = beside_husk(context, "payload.wasm");
  directory_ = context.scratch / "wasm-tmp";
  fs::create_directories(directory_);
}

std::string Wasm::objection(const Invocation& invocation) const {
  return invocation.is_embedded ? "" : "only the embedded payload";
}

std::vector<std::string> Wasm::command(const Invocation& invocation) {
  std::vector<std::string> words = {node_, "--no-warnings", launcher_, module_, directory_};
  words.insert(words.end(), invocation.argv.begin() + 1, invocation.argv.end());
  return words;
}

}  // namespace husk::compare
