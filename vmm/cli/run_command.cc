#include "vmm/cli/run_command.h"

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vmm/cli/full_jail.h"
#include "vmm/cli/name_claim.h"
#include "vmm/config/merge.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/image.h"
#include "vmm/kvm/system.h"
#include "vmm/log.h"
#include "vmm/machine/backend.h"
#include "vmm/machine/host_probe.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/timeline.h"
#include "vmm/runner/runner.h"
#include "vmm/runner/vmm_memory.h"

namespace husk::cli {
namespace {

// Options, then the image, then what both say together, which is all that the runners see: the order is the same for any
// kind of image. Directories, and names of imported ones, have no configuration of their own.
void merge_with_image(RunOptions& options, const std::optional<config::ImageConfig>& image) {
  config::merge(options.wishes, image ? *image : config::ImageConfig::of_directory(), options.spec);
}

struct Root {
  runner::RootSource source;
  std::optional<config::ImageConfig> configuration;
};

// A directory is used as it is; an imported image, or a container's, is mounted from its EROFS file.
Root open_root(const ContainerSpec& spec) {
  if (image::is_directory_path(spec.image)) return {runner::RootSource::from_directory(spec.image), {}};
  image::RootImage image = image::resolve(spec.image, image::CacheDir::from_environment());
  if (!image.source_directory.empty()) return {runner::RootSource::from_directory(image.source_directory), {}};
  std::vector<UniqueFd> layers;
  for (image::RootImage::Layer& layer : image.layers) layers.push_back(std::move(layer.fd));
  return {runner::RootSource::from_erofs(std::move(image.fd), std::move(layers), spec.image),
          std::move(image.configuration)};
}

// All of the caller's files that a VM needs, opened before the process enters any namespace: in a user namespace the
// cache's owners could not be told from strangers any more, for whoever is not mapped shows as the same user
// (user_namespaces(7)).
struct VmInputs {
  std::optional<machine::StatsFile> stats;
  machine::MachineConfig config;
};

VmInputs open_inputs(RunOptions& options, const NameClaim* name) {
  VmInputs inputs{.stats = {}, .config = {.system = kvm::System::open()}};
  if (!options.stats_path.empty()) inputs.stats.emplace(options.stats_path);
  image::CacheDir cache = image::CacheDir::from_environment();
  cache.hold();
  machine::MachineConfig& config = inputs.config;
  // The image is resolved to EROFS files that the guest maps.
  image::RootImage image = image::resolve(options.spec.image, cache);
  config.root_image = {.fd = std::move(image.fd), .size = image.size, .name = image.erofs_path};
  for (image::RootImage::Layer& layer : image.layers) {
    config.root_image->layers.push_back(
        {.fd = std::move(layer.fd), .offset = layer.offset, .size = layer.size, .name = std::move(layer.name)});
  }
  merge_with_image(options, image.configuration);
  config.spec = &options.spec;
  config.profile = machine::host_profile(config.system, cache);
  config.kernel_path = options.kernel_path;
  config.wants_kvm_counters = options.kvm_stats;
  if (name) config.kept_open.push_back(name->descriptor());
  if (inputs.stats) config.kept_open.push_back(inputs.stats->descriptor());
  return inputs;
}

// What -m says is a limit of the host's as well, where the host lets the caller make one. (The guest's RAM is never larger.)
void limit_memory(const RunOptions& options, const VmInputs& inputs) {
  if (!options.spec.memory_limit_asked) return;
  const std::uint64_t image_bytes = inputs.config.root_image ? inputs.config.root_image->span() : 0;
  try {
    runner::enter_vmm_cgroup(runner::vmm_memory_limit(options.spec.memory_bytes, image_bytes));
  } catch (const Error& error) {
    if (options.jail == sandbox::JailLevel::kFull) {
      throw Error("give the VMM", "a memory control group for -m", error.what(), "leave out -m or --jail full");
    }
    log::print(log::Severity::kInfo, "the VMM's memory is limited by its address space, not by a control group: %s",
               error.what());
  }
}

int run_in_vm(VmInputs inputs, const StartTimes& start, const sandbox::Jail& jail) {
  machine::Timeline timeline;
  timeline.main_ns = start.main_ns;
  timeline.exec_cpu_ns = start.exec_cpu_ns;

  std::optional<machine::StatsFile> stats = std::move(inputs.stats);
  if (stats || log::enabled(log::Severity::kDebug)) timeline.backend = machine::backend_name();
  int status = 0;
  {
    inputs.config.jail = jail;
    machine::Machine machine(std::move(inputs.config), timeline);
    status = machine.run();
  }
  timeline.gone_ns = monotonic_ns();
  machine::log_timeline(timeline);
  if (stats) stats->write(timeline, status);
  return status;
}

}  // namespace

int run_command(RunOptions& options, const StartTimes& start) {
  std::optional<NameClaim> name;
  if (!options.name.empty()) name.emplace(options.name);
  switch (options.spec.isolation) {
    case Isolation::kVm: {
      VmInputs inputs = open_inputs(options, name ? &*name : nullptr);
      limit_memory(options, inputs);
      if (options.jail == sandbox::JailLevel::kFull) {
        return run_in_full_jail(options.spec.ignored_signals,
                                [&](const sandbox::Jail& jail) { return run_in_vm(std::move(inputs), start, jail); });
      }
      return run_in_vm(std::move(inputs), start, {.user = draw_user()});
    }
    case Isolation::kNamespace: {
      Root root = open_root(options.spec);
      root.source.in_place = options.in_place;
      if (options.in_place && !root.source.directory) {
        throw Error("use", "--in-place",
                    "'" + options.spec.image + "' is an imported image, which nobody can write to");
      }
      merge_with_image(options, root.configuration);
      return runner::run_in_namespace(options.spec, root.source);
    }
    case Isolation::kProcess: {
      const Root root = open_root(options.spec);
      merge_with_image(options, root.configuration);
      return runner::run_as_process(options.spec, root.source);
    }
  }
  throw Error("run", options.spec.image, "unknown isolation");
}

}  // namespace husk::cli
