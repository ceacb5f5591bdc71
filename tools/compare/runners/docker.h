// docker, where a daemon answers: the engine that most people mean by a container. Neither installed nor started for a
// comparison, since a daemon changes a host's network. Its images and containers carry the comparison's label, and those of
// comparisons that were killed are removed.
//
// The image is imported once from the files of the root; the writable layer over it is made and removed within every run,
// as `docker run --rm` does.
#pragma once

#include <map>

#include "tools/compare/runner.h"

namespace husk::compare {

class Docker : public Runner {
 public:
  std::string name() const override { return "docker"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  bool needs_directory(RootForm) const override { return false; }
  bool limits_memory() const override { return true; }
  std::string objection(const Invocation& invocation) const override;
  std::vector<std::string> command(const Invocation& invocation) override;
  std::vector<pid_t> daemons() const override;
  void clean_up() override;

 private:
  const std::string& image_of(const Invocation& invocation);

  std::string program_;
  std::string label_;                          // of everything of this comparison's
  std::map<std::string, std::string> images_;  // docker's name, by that of the image it was imported from
  unsigned next_ = 0;
};

}  // namespace husk::compare
