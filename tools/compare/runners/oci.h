// The OCI runtimes: runc, under Docker, containerd and Kubernetes; and crun, the same in C. Both with the configuration
// that their own `spec` command writes: pid, network, ipc, uts, mount and cgroup namespaces, three capabilities,
// no_new_privs, a control group; no seccomp filter.
#pragma once

#include <map>

#include "tools/compare/runner.h"

namespace husk::compare {

class OciRuntime : public Runner {
 public:
  // `program` is also the runner's name and Debian's package.
  explicit OciRuntime(std::string program) : name_(std::move(program)) {}

  std::string name() const override { return name_; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  void clean_up() override;
  bool limits_memory() const override { return true; }
  nlohmann::ordered_json configuration() const override { return configuration_; }

 private:
  std::string name_;
  std::string program_;
  std::string state_;  // the runtime's --root: what it knows of its containers
  std::filesystem::path bundles_;
  std::string template_;                               // what `spec` wrote
  std::map<std::string, std::filesystem::path> made_;  // bundles, by their configuration
  nlohmann::ordered_json configuration_;
  unsigned next_ = 0;
};

}  // namespace husk::compare
