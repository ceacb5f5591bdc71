// Where a comparison is written to: the table on standard output, and files.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "tools/compare/result.h"

namespace husk::compare {

struct OutputOptions {
  std::string json;
  std::string csv;
  std::string html;
};

void declare(CLI::App& app, OutputOptions& options);

// A file that cannot be written is better known before minutes of measuring. Throws husk::Error.
void check_writable(const OutputOptions& options);

// Prints the table and writes the files that were asked for. Throws husk::Error.
void write_outputs(const OutputOptions& options, const ComparisonResult& result, const std::string& baseline);

void write_file(const std::string& path, const std::string& text);
std::string read_file(const std::string& path);

// Whether standard output is a terminal and nobody objects to colour (no-color.org).
bool wants_colour();

}  // namespace husk::compare
