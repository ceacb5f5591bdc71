#include "vmm/cli/by_cli11.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "vmm/cli/command_line.h"
#include "vmm/cli/run_command_line.h"
#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

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

}  // namespace

std::vector<std::string> read_run_options(int count, char** arguments, RunOptions& options) {
  CLI::App app;
  declare_run_options(app, options);
  try {
    parse_run_options(app, count, arguments);
  } catch (const CLI::ParseError& error) {
    throw NothingToDo{report(app, error)};
  }
  return app.remaining();
}

int run_other_command(int count, char** arguments) {
  CLI::App app{"husk: a hardware husk around one container"};
  app.require_subcommand(1);
  // Listed for --help only: `husk run` has been dispatched before, and `husk compare` and `husk report` are a program of
  // their own.
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

}  // namespace husk::cli
