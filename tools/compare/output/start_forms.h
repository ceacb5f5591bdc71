// Starts by the form of the payload's root, as a table: a figure is like another only within one column.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/result.h"

namespace husk::compare {

// Empty when only one form was measured.
std::string format_start_forms(const ComparisonResult& result, const std::string& baseline, const GridStyle& style,
                               std::size_t width);

}  // namespace husk::compare
