// The OCI runtimes: runc, under Docker, containerd and Kubernetes; and crun, the same in C. Both with the configuration
// that their own `spec` command writes: pid, network, ipc, uts and mount namespaces, three capabilities, no_new_privs, a
// control group; no seccomp filter. A cgroup namespace only where the host has control groups of version 2 and nothing
// else: `runc spec` of 1.1.5 and `crun spec` of 1.8 ask the host (runc's libcontainer/specconv/example.go).
#pragma once

#include <map>
#include <nlohmann/json.hpp>

#include "tools/compare/runner.h"

namespace husk::compare {

class OciRuntime : public Runner {
 public:
  // `program` is also Debian's package and, where no other name is given and but for hardened forms, the runner's name.
  // `options` of the program come before its subcommand.
  explicit OciRuntime(const std::string& program) : OciRuntime(program, program, {}) {}
  OciRuntime(std::string name, std::string program, std::vector<std::string> options)
      : name_(std::move(name)), package_(std::move(program)), options_(std::move(options)) {}

  std::string name() const override { return name_; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  bool has_detached_form() const override { return true; }
  void clean_up() override;
  bool limits_memory() const override { return true; }
  nlohmann::ordered_json configuration() const override { return configuration_; }

 protected:
  // What a hardened form changes of a container's configuration.
  virtual void adjust(nlohmann::json&) const {}

  // The program and its options, to which a subcommand is added.
  std::vector<std::string> runtime() const;
  const std::string& state() const { return state_; }

 private:
  std::string name_;
  std::string package_;
  std::vector<std::string> options_;
  std::string program_;
  std::string state_;  // the runtime's --root: what it knows of its containers
  std::filesystem::path bundles_;
  std::string template_;                               // what `spec` wrote
  std::map<std::string, std::filesystem::path> made_;  // bundles, by their configuration
  nlohmann::ordered_json configuration_;
  unsigned next_ = 0;
};

}  // namespace husk::compare
