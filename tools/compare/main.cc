// husk-compare: what `husk compare` and `husk report` execute. A program of its own, so that `husk run` does not carry
// it.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <exception>
#include <string_view>

#include "tools/compare/compare_command.h"
#include "tools/compare/output/plain_text.h"
#include "tools/compare/process.h"
#include "tools/compare/report_command.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

int main_guarded(int count, char** arguments) {
  const bool is_report = std::string_view(arguments[0]) == "report";
  CLI::App app;
  CompareOptions compare_options;
  ReportOptions report_options;
  if (is_report) {
    declare(app, report_options);
  } else {
    declare(app, compare_options);
  }
  compare_options.arguments.assign(arguments + 1, arguments + count);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "husk: %s; see %s --help\n", error.what(), app.get_name().c_str());
    return kExitHuskError;
  }
  try {
    return is_report ? report(report_options) : compare(compare_options, app.remaining());
  } catch (const Interrupted&) {
    return kExitInterrupted;
  } catch (const std::exception& error) {
    // It may quote what a payload has written.
    std::fprintf(stderr, "husk: %s\n", plain(error.what()).c_str());
    return kExitHuskError;
  }
}

}  // namespace
}  // namespace husk::compare

int main(int argc, char** argv) {
  return husk::compare::main_guarded(argc, argv);
}
