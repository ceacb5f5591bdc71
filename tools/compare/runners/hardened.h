// The tools as people harden them, so that the isolation table compares what a tool can do and not only what it does when
// nobody says anything. Their start-up and isolation are measured, nothing else.
//
// None of them lets root's rights of the host stay anywhere near the payload: QEMU, bubblewrap and podman are started as
// "nobody" (who has nothing, but may be somebody else's nobody too), runc's container is in a user namespace.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tools/compare/runners/oci.h"
#include "tools/compare/runners/qemu.h"

namespace husk::compare {

// QEMU with every restriction of `-sandbox` (qemu(1)), as a user who has nothing but /dev/kvm, without capabilities, and
// with no_new_privs: what libvirt does, without its mandatory access control.
class QemuHardened : public Qemu {
 public:
  std::string name() const override { return "qemu-hardened"; }
  std::string hardened_form_of() const override { return "qemu"; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  Boundary boundary(const std::vector<std::string>& command) const override;

 private:
  std::string readable_image(const std::filesystem::path& erofs);

  std::filesystem::path scratch_;
  std::map<std::filesystem::path, std::filesystem::path> copies_;  // by the original
};

// runc with what `docker run` adds to its own configuration: Docker's default seccomp profile and a cgroup namespace;
// and with what Docker offers (userns-remap): a user namespace whose ids are nobody's on the host.
class RuncHardened : public OciRuntime {
 public:
  RuncHardened() : OciRuntime("runc") {}
  std::string name() const override { return "runc-hardened"; }
  std::string hardened_form_of() const override { return "runc"; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;

 protected:
  void adjust(nlohmann::json& config) const override;
};

// bubblewrap started by an unprivileged user, without capabilities, with the same seccomp profile, a session of its own,
// and no further user namespaces.
class BwrapHardened : public Runner {
 public:
  std::string name() const override { return "bwrap-hardened"; }
  std::string hardened_form_of() const override { return "bwrap"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;

 private:
  std::vector<std::string> command_;
};

// podman as an unprivileged user with one id mapped: root of the container is "nobody". It is entered as `podman unshare`
// does, since podman's own way leaves a process behind that keeps the user namespace.
class PodmanRootless : public Runner {
 public:
  std::string name() const override { return "podman-rootless"; }
  std::string hardened_form_of() const override { return "podman"; }
  Isolation isolation() const override { return Isolation::kNamespaces; }
  Availability detect(const Context& context) const override;
  std::string objection(const Invocation& invocation) const override;
  bool needs_directory(RootForm) const override { return false; }
  void prepare(const Context& context) override;
  std::vector<std::string> command(const Invocation& invocation) override;
  void clean_up() override;

 private:
  std::vector<std::string> engine_;
  std::filesystem::path root_;  // a copy of the image that is the user's, as a rootless user's images are
};

}  // namespace husk::compare
