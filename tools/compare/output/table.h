// A comparison as tables for people.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/result.h"

namespace husk::compare {

// Several lines, each ending with a newline. `baseline`: the runner that ratios are taken to.
std::string format_table(const ComparisonResult& result, const std::string& baseline, const GridStyle& style);

}  // namespace husk::compare
