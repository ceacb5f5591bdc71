#include "vmm/cli/run_command.h"

#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "vmm/cli/full_jail.h"
#include "vmm/error.h"
#include "vmm/image/image.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/timeline.h"
#include "vmm/runner/runner.h"
#include "vmm/runner/standard_streams.h"

namespace husk::cli {
namespace {

// The image is resolved to one EROFS file that the guest maps.
machine::RootImageFile open_root_image(const ContainerSpec& spec, const image::CacheDir& cache) {
  image::RootImage image = image::resolve(spec.image, cache);
  return {.fd = std::move(image.fd), .size = image.size, .name = image.erofs_path};
}

// A directory is used as it is; an imported image is mounted from its EROFS file.
runner::RootSource open_root_source(const ContainerSpec& spec) {
  const bool path = spec.image.find('/') != std::string::npos || spec.image == "." || spec.image == "..";
  if (path) return runner::RootSource::from_directory(spec.image);
  image::RootImage image = image::resolve(spec.image, image::CacheDir::from_environment());
  if (!image.source_directory.empty()) return runner::RootSource::from_directory(image.source_directory);
  return runner::RootSource::from_erofs(std::move(image.fd), spec.image);
}

int run_in_vm(const RunOptions& options, const StartTimes& start) {
  const bool full_jail = options.jail == sandbox::JailLevel::kFull;
  machine::Timeline timeline;
  timeline.main_ns = start.main_ns;
  timeline.exec_cpu_ns = start.exec_cpu_ns;

  std::optional<machine::StatsFile> stats;
  if (!options.stats_path.empty()) stats.emplace(options.stats_path);
  image::CacheDir cache = image::CacheDir::from_environment();
  if (full_jail) cache.hold();
  machine::MachineConfig config;
  config.spec = &options.spec;
  // Here, and not in the jail's user namespace, where files of other users' look like nobody's.
  config.root_image = open_root_image(options.spec, cache);
  config.kernel_path = options.kernel_path;
  config.cache = &cache;
  config.wants_kvm_counters = options.kvm_stats;
  if (stats) config.kept_open.push_back(stats->descriptor());

  const auto run = [&](const sandbox::Jail& jail) {
    config.jail = jail;
    int status = 0;
    {
      machine::Machine machine(std::move(config), timeline);
      status = machine.run();
    }
    timeline.gone_ns = machine::monotonic_ns();
    machine::log_timeline(timeline);
    if (stats) stats->write(timeline, status);
    return status;
  };
  return full_jail ? run_in_full_jail(options.spec, run) : run({.user = sandbox::draw_user()});
}

}  // namespace

int run_command(RunOptions& options, const StartTimes& start) {
  runner::open_missing_streams();
  switch (options.spec.isolation) {
    case Isolation::kVm:
      return run_in_vm(options, start);
    case Isolation::kNamespace:
      return runner::run_in_namespace(options.spec, open_root_source(options.spec));
    case Isolation::kProcess:
      return runner::run_as_process(options.spec, open_root_source(options.spec));
  }
  throw Error("run", options.spec.image, "unknown isolation");
}

}  // namespace husk::cli
