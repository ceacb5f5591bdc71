// husk-man TEMPLATE VERSION: writes husk(1) to standard output. A line of the template that is @synopsis@ or @commands@ is
// replaced by what the command lines declare, as --help shows it; @version@ is replaced wherever it stands.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "tools/compare/compare_command.h"
#include "tools/compare/report_command.h"
#include "tools/man/page.h"
#include "vmm/cli/command_line.h"
#include "vmm/cli/run_command_line.h"

namespace husk::man {
namespace {

// All that `husk` understands, in one tree: the command itself has `run`, `compare` and `report` as command lines of their
// own, for a quicker start.
struct CommandLine {
  CommandLine() {
    cli::declare_run_options(run_line, run_options);
    compare::declare(compare_line, compare_options);
    compare::declare(report_line, report_options);
    cli::declare_other_commands(others_line, status);
  }

  int status = 0;
  cli::RunOptions run_options;
  compare::CompareOptions compare_options;
  compare::ReportOptions report_options;
  CLI::App run_line;
  CLI::App others_line;
  CLI::App compare_line;
  CLI::App report_line;
};

std::string replaced(std::string line, const std::string& mark, const std::string& text) {
  for (std::size_t at = 0; (at = line.find(mark, at)) != std::string::npos; at += text.size()) {
    line.replace(at, mark.size(), text);
  }
  return line;
}

int write_page(const char* path, const std::string& version) {
  const CommandLine all;
  const CLI::App* const parts[] = {&all.run_line, &all.others_line, &all.compare_line, &all.report_line};
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line == "@synopsis@") {
      for (const CLI::App* part : parts) std::cout << synopsis(*part);
    } else if (line == "@commands@") {
      for (const CLI::App* part : parts) std::cout << commands(*part);
    } else {
      std::cout << replaced(line, "@version@", version) << '\n';
    }
  }
  std::cout.flush();
  if (in.eof() && std::cout) return 0;
  std::fprintf(stderr, "husk-man: cannot read %s, or not write\n", path);
  return 1;
}

}  // namespace
}  // namespace husk::man

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "husk-man TEMPLATE VERSION\n");
    return 2;
  }
  return husk::man::write_page(argv[1], argv[2]);
}
