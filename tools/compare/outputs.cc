#include "tools/compare/outputs.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <vector>

#include "tools/compare/judgement.h"
#include "tools/compare/output/csv.h"
#include "tools/compare/output/file.h"
#include "tools/compare/output/side_by_side.h"
#include "tools/compare/output/table.h"
#include "tools/compare/report_page/page.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

// The table is for eyes: it comes even where a file could not be written.
void deliver(const std::vector<OutputFile>& files, const std::function<std::string()>& table) {
  std::exception_ptr failure;
  try {
    write_files(files);
  } catch (const std::runtime_error&) {
    failure = std::current_exception();
    std::signal(SIGPIPE, SIG_IGN);  // what failed is still to be said, even when nobody reads the table
  }
  try {
    print(table());
  } catch (const Error&) {
    if (!failure) throw;
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void declare(CLI::App& app, OutputOptions& options) {
  app.add_option("--json", options.json, "write every raw sample to this file (docs/compare-json.md)");
  app.add_option("--csv", options.csv, "write every raw sample to this file, one a line");
  app.add_option("--html", options.html, "write a page with charts to this file, which needs nothing else");
}

void check_writable(const OutputOptions& options) {
  for (const std::string& path : {options.json, options.csv, options.html}) {
    if (!path.empty()) check_can_write(path);
  }
}

void write_outputs(const OutputOptions& options, const ComparisonResult& result, const std::string& baseline) {
  // Its statistics take seconds: only once, and only when somebody wants it.
  std::string made;
  const auto json = [&]() -> const std::string& {
    if (made.empty()) made = format_json(result, baseline);
    return made;
  };
  std::vector<OutputFile> files;
  if (!options.json.empty()) files.push_back({options.json, [&] { return json(); }});
  if (!options.csv.empty()) files.push_back({options.csv, [&] { return format_csv(result); }});
  if (!options.html.empty()) files.push_back({options.html, [&] { return format_page(json()); }});
  deliver(files, [&] { return format_table(result, baseline, {wants_colour()}); });
}

void write_outputs(const OutputOptions& options, const Document& a, const Document& b) {
  const auto page = [&] {
    // The page has the ratios that its data has.
    const std::string common = common_baseline(a, b);
    return format_comparison_page(format_json(a.result, common.empty() ? a.baseline : common),
                                  format_json(b.result, common.empty() ? b.baseline : common),
                                  format_judgements(judge(a, b)));
  };
  std::vector<OutputFile> files;
  if (!options.html.empty()) files.push_back({options.html, page});
  deliver(files, [&] { return format_side_by_side(a, b, {wants_colour()}); });
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

}  // namespace husk::compare
