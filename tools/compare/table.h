// A comparison as a table for people.
#pragma once

#include <string>

#include "tools/compare/host.h"
#include "tools/compare/result.h"

namespace husk::compare {

struct TableStyle {
  bool colour = false;
};

// Several lines, each ending with a newline.
std::string format_table(const ComparisonResult& result, const Host& host, const TableStyle& style);

}  // namespace husk::compare
