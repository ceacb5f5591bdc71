#include "vmm/cli/run_command.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>
#include <string>

#include "vmm/error.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/timeline.h"

namespace husk::cli {
namespace {

machine::RootImageFile open_root_image(const std::string& image) {
  machine::RootImageFile file;
  file.name = image;
  file.fd = UniqueFd(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.fd || ::fstat(file.fd.get(), &status) != 0) throw Error::from_errno("open the image", image);
  file.size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

int run_in_vm(const RunOptions& options, const StartTimes& start) {
  machine::Timeline timeline;
  timeline.main_ns = start.main_ns;
  timeline.exec_cpu_ns = start.exec_cpu_ns;

  int status = 0;
  {
    machine::MachineConfig config;
    config.spec = &options.spec;
    config.root_image = open_root_image(options.spec.image);
    config.kernel_path = options.kernel_path;
    machine::Machine machine(std::move(config), timeline);
    status = machine.run();
  }
  timeline.gone_ns = machine::monotonic_ns();
  machine::log_timeline(timeline);
  if (!options.stats_path.empty()) machine::write_stats(timeline, status, options.stats_path);
  return status;
}

}  // namespace

int run_command(RunOptions& options, const StartTimes& start) {
  switch (options.spec.isolation) {
    case Isolation::kVm:
      return run_in_vm(options, start);
    case Isolation::kNamespace:
    case Isolation::kProcess:
      break;
  }
  throw Error("run", options.spec.image, "this isolation is not in this build");
}

}  // namespace husk::cli
