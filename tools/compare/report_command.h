// `husk report A.json [B.json]`: one comparison shown again, or two machines or commits side by side.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "tools/compare/outputs.h"

namespace husk::compare {

struct ReportOptions {
  std::string first;
  std::string second;  // may be empty
  OutputOptions outputs;
};

void declare(CLI::App& app, ReportOptions& options);
int report(const ReportOptions& options);  // returns the exit status; throws husk::Error

}  // namespace husk::compare
