#include "tools/compare/runners/wasm.h"

#include <unistd.h>

#include <cstdlib>

#include "tools/compare/process.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

// What executes the module: wasmtime where it is installed, which does nothing else; else node.
struct Engine {
  std::string program;  // empty: there is none
  bool is_wasmtime = false;
};

Engine find_engine() {
  // `--dir HOST::GUEST` is there from version 14 on. "wasmtime 14.0.0 (...)" or "wasmtime-cli 14.0.0".
  constexpr int kLeastVersion = 14;
  if (const std::string program = find_program("wasmtime"); !program.empty()) {
    const std::string version = version_of(program);
    const std::size_t space = version.find(' ');
    if (space != std::string::npos && std::atoi(version.c_str() + space) >= kLeastVersion) return {program, true};
  }
  return {find_program("node"), false};
}

}  // namespace

Availability Wasm::detect(const Context& context) const {
  const Engine engine = find_engine();
  if (engine.program.empty()) return {false, {}, "not installed (apt package nodejs, or wasmtime)"};
  if (access(context.beside_husk("payload.wasm").c_str(), R_OK) != 0) {
    return {false, {}, "not built (apt packages clang lld wasi-libc libclang-rt-14-dev-wasm32, then build again)"};
  }
  return {true, (engine.is_wasmtime ? "" : "node ") + version_of(engine.program), {}};
}

void Wasm::prepare(const Context& context) {
  const Engine engine = find_engine();
  const std::string module = context.beside_husk("payload.wasm");
  own_directory_ = context.scratch / "wasm-tmp";
  is_wasmtime_ = engine.is_wasmtime;
  command_ = is_wasmtime_ ? std::vector<std::string>{engine.program, "run", module}
                          : std::vector<std::string>{engine.program, "--no-warnings",
                                                     context.beside_husk("run_wasi.mjs"), module};
}

std::string Wasm::objection(const Invocation& invocation) const {
  return invocation.is_embedded ? "" : "only the embedded payload";
}

Timeline Wasm::timeline(const std::string& output) const {
  // wasmtime's monotonic clock begins at 0 when the module does (wasmtime's issue 7419).
  return is_wasmtime_ ? Timeline() : Runner::timeline(output);
}

std::vector<std::string> Wasm::command(const Invocation& invocation) {
  // Of the root it gets the one directory that the payload writes to.
  fs::path directory = invocation.root->directory / "tmp";
  if (!invocation.root->is_private) {
    directory = own_directory_;
    fs::remove_all(directory);
    fs::create_directories(directory);
  }
  std::vector<std::string> words = command_;
  if (is_wasmtime_) {
    words.insert(words.end() - 1, "--dir=" + directory.string() + "::/tmp");
  } else {
    words.push_back(directory.string());
  }
  words.insert(words.end(), invocation.argv.begin() + 1, invocation.argv.end());
  return words;
}

}  // namespace husk::compare
