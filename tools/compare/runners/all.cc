#include "tools/compare/runners/bwrap.h"
#include "tools/compare/runners/containerd.h"
#include "tools/compare/runners/docker.h"
#include "tools/compare/runners/gvisor.h"
#include "tools/compare/runners/hardened.h"
#include "tools/compare/runners/husk.h"
#include "tools/compare/runners/linux_vm.h"
#include "tools/compare/runners/nspawn.h"
#include "tools/compare/runners/oci.h"
#include "tools/compare/runners/podman.h"
#include "tools/compare/runners/qemu.h"
#include "tools/compare/runners/references.h"
#include "tools/compare/runners/wasm.h"

namespace husk::compare {

std::vector<std::unique_ptr<Runner>> all_runners() {
  std::vector<std::unique_ptr<Runner>> runners;
  runners.push_back(std::make_unique<ForkExec>());
  runners.push_back(std::make_unique<KvmFloor>());
  runners.push_back(std::make_unique<KvmFloorIrqfd>());
  runners.push_back(std::make_unique<HuskHost>("process"));
  runners.push_back(std::make_unique<HuskHost>("namespace"));
  runners.push_back(std::make_unique<HuskVm>(HuskVm::kName, std::vector<std::string>{}));
  runners.push_back(std::make_unique<HuskVm>("vm-jailed", std::vector<std::string>{"--jail", "full"}));
  runners.push_back(std::make_unique<HuskVm>("vm-ring0", std::vector<std::string>{"--guest-ring", "0"}));
  runners.push_back(std::make_unique<Bwrap>());
  runners.push_back(std::make_unique<OciRuntime>("crun"));
  runners.push_back(std::make_unique<OciRuntime>("runc"));
  runners.push_back(std::make_unique<Nspawn>());
  runners.push_back(std::make_unique<Containerd>());
  runners.push_back(std::make_unique<Docker>());
  runners.push_back(std::make_unique<Podman>());
  runners.push_back(std::make_unique<GVisor>(GVisor::Platform::kPtrace));
  runners.push_back(std::make_unique<GVisor>(GVisor::Platform::kKvm));
  runners.push_back(std::make_unique<Qemu>(Qemu::Variant::kUsual));
  runners.push_back(std::make_unique<Qemu>(Qemu::Variant::kMapped));
  runners.push_back(std::make_unique<Qemu>(Qemu::Variant::kNoHugePages));
  runners.push_back(std::make_unique<LinuxVm>(LinuxVm::Processor::kKvm));
  runners.push_back(std::make_unique<LinuxVm>(LinuxVm::Processor::kSoftware));
  runners.push_back(std::make_unique<Wasm>());
  runners.push_back(std::make_unique<BwrapHardened>());
  runners.push_back(std::make_unique<RuncHardened>());
  runners.push_back(std::make_unique<PodmanRootless>());
  runners.push_back(std::make_unique<QemuHardened>());
  return runners;
}

}  // namespace husk::compare
