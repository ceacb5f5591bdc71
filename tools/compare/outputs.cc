#include "tools/compare/outputs.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tools/compare/output/csv.h"
#include "tools/compare/output/json.h"
#include "tools/compare/output/table.h"
#include "vmm/error.h"

namespace husk::compare {

void declare(CLI::App& app, OutputOptions& options) {
  app.add_option("--json", options.json, "write every raw sample to this file (docs/compare-json.md)");
  app.add_option("--csv", options.csv, "write every raw sample to this file, one a line");
  app.add_option("--html", options.html, "write a page with charts to this file, which needs nothing else");
}

void check_writable(const OutputOptions& options) {
  for (const std::string& path : {options.json, options.csv, options.html}) {
    if (!path.empty() && !std::ofstream(path, std::ios::app)) throw Error::from_errno("write", path);
  }
}

void write_outputs(const OutputOptions& options, const ComparisonResult& result, const std::string& baseline) {
  std::fputs(format_table(result, baseline, {wants_colour()}).c_str(), stdout);
  std::fflush(stdout);
  const std::string json = format_json(result, baseline);
  if (!options.json.empty()) write_file(options.json, json);
  if (!options.csv.empty()) write_file(options.csv, format_csv(result));
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error::from_errno("write", path);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error::from_errno("read", path);
  return text.str();
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

}  // namespace husk::compare
