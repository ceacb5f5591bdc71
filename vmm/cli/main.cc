// The husk command: picks the subcommand. Errors are one line on standard error and exit status 125.
#include <time.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vmm/cli/by_cli11.h"
#include "vmm/cli/compare_command.h"
#include "vmm/cli/plain_options.h"
#include "vmm/cli/run_command.h"
#include "vmm/cli/run_options.h"
#include "vmm/error.h"
#include "vmm/inherited_signals.h"
#include "vmm/log.h"
#include "vmm/machine/timeline.h"
#include "vmm/runner/standard_streams.h"
#include "vmm/start/late_initializers.h"

namespace husk::cli {
namespace {

StartTimes start_times() {
  StartTimes times;
  times.main_ns = monotonic_ns();
  timespec used;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  times.exec_cpu_ns =
      static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
  return times;
}

int main_run(int count, char** arguments, const StartTimes& start, SignalBits ignored_signals) {
  RunOptions options;
  options.spec.ignored_signals = ignored_signals;
  options.spec.blocked_signals = blocked_signals();
  std::optional<std::vector<std::string>> rest = read_plain_options({arguments + 1, arguments + count}, options);
  if (!rest) {
    run_late_initializers();
    rest = read_run_options(count, arguments, options);
  }
  finish_run_options(options, std::move(*rest));
  return run_command(options, start);
}

int main_guarded(int count, char** arguments) {
  const StartTimes start = start_times();
  const SignalBits ignored_signals = settle_signals();
  try {
    runner::open_missing_streams();
    const std::string_view command = count > 1 ? arguments[1] : "";
    if (command == "run") return main_run(count - 1, arguments + 1, start, ignored_signals);
    if (command == "compare" || command == "report") execute_compare(count - 1, arguments + 1);
    run_late_initializers();
    return run_other_command(count, arguments);
  } catch (const NothingToDo& nothing) {
    return nothing.status;
  } catch (const Error& error) {
    log::write(log::Severity::kError, error.what());
  } catch (const std::exception& error) {
    log::write(log::Severity::kError, std::string("internal error: ") + error.what());
  }
  return kExitHuskError;
}

}  // namespace
}  // namespace husk::cli

int main(int argc, char** argv) {
  return husk::cli::main_guarded(argc, argv);
}
