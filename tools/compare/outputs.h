// Where a comparison is written to: the table on standard output, and files.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "tools/compare/output/json.h"
#include "tools/compare/result.h"

namespace husk::compare {

struct OutputOptions {
  std::string json;
  std::string csv;
  std::string html;
};

void declare(CLI::App& app, OutputOptions& options);

// A file that cannot be written is better known before minutes of measuring. Creates nothing. Throws husk::Error.
void check_writable(const OutputOptions& options);

// Writes the files that were asked for and prints the table, in this order: whoever reads the table may stop in its
// middle, or be gone, and that must not cost a file. Throws husk::Error.
void write_outputs(const OutputOptions& options, const ComparisonResult& result, const std::string& baseline);

// The same of two comparisons, whose only file is the page.
void write_outputs(const OutputOptions& options, const Document& a, const Document& b);

// Whether standard output is a terminal and nobody objects to colour (no-color.org).
bool wants_colour();

}  // namespace husk::compare
