// The husk command: picks the subcommand. Errors are one line on standard error and exit status 125.
#include <time.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "vmm/cli/command_line.h"
#include "vmm/cli/compare_command.h"
#include "vmm/cli/run_command.h"
#include "vmm/cli/run_options.h"
#include "vmm/error.h"
#include "vmm/inherited_signals.h"
#include "vmm/log.h"
#include "vmm/machine/timeline.h"
#include "vmm/runner/standard_streams.h"

namespace husk::cli {
namespace {

StartTimes start_times() {
  StartTimes times;
  times.main_ns = machine::monotonic_ns();
  timespec used;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  times.exec_cpu_ns =
      static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
  return times;
}

// CLI11's errors have exit codes and several lines of their own; husk has one of each. --help is no error.
int report(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string line = error.what();
  for (char& character : line) {
    if (character == '\n') character = ' ';
  }
  log::write(log::Severity::kError, line + "; see `husk --help`");
  return kExitHuskError;
}

int main_run(int count, char** arguments, const StartTimes& start, SignalBits ignored_signals) {
  CLI::App app;
  RunOptions options;
  options.spec.ignored_signals = ignored_signals;
  options.spec.blocked_signals = blocked_signals();
  declare_run_options(app, options);
  try {
    parse_run_options(app, count, arguments);
  } catch (const CLI::ParseError& error) {
    return report(app, error);
  }
  finish_run_options(options, app.remaining());
  return run_command(options, start);
}

int main_any(int count, char** arguments) {
  CLI::App app{"husk: a hardware husk around one container"};
  app.require_subcommand(1);
  // Listed for --help only: `husk run` has been dispatched before, without the cost of the other subcommands,
  // and `husk compare` and `husk report` are a program of their own.
  app.add_subcommand("run", "run a payload in a micro-VM (see `husk run --help`)");
  app.add_subcommand("compare", "measure a payload in several kinds of isolation (see `husk compare --help`)");
  app.add_subcommand("report", "show a comparison again, or two side by side (see `husk report --help`)");
  int status = 0;
  declare_other_commands(app, status);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return report(app, error);
  }
  return status;
}

int main_guarded(int count, char** arguments) {
  const StartTimes start = start_times();
  const SignalBits ignored_signals = settle_signals();
  try {
    runner::open_missing_streams();
    const std::string_view command = count > 1 ? arguments[1] : "";
    if (command == "run") return main_run(count - 1, arguments + 1, start, ignored_signals);
    if (command == "compare" || command == "report") execute_compare(count - 1, arguments + 1);
    return main_any(count, arguments);
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
