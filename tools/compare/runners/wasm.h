// The other way to isolate without a kernel of one's own: the payload's source compiled to WebAssembly, run by
// wasmtime or node. The language runtime checks every access; what the payload asks of the host goes through it.
#pragma once

#include "tools/compare/runner.h"

namespace husk::compare {

class Wasm : public Runner {
 public:
  std::string name() const override { return "wasm"; }
  Isolation isolation() const override { return Isolation::kLanguage; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::string objection(const Invocation& invocation) const override;
  std::vector<std::string> command(const Invocation& invocation) override;
  Timeline timeline(const std::string& output) const override;

 private:
  bool is_wasmtime_ = false;
  std::vector<std::string> command_;     // without directory and the payload's arguments
  std::filesystem::path own_directory_;  // where no root can be made
};

}  // namespace husk::compare
