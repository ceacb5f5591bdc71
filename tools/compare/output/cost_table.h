// What a micro-VM costs against namespaces, everything in one table: starts, workloads, memory and speed, dear and cheap.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/result.h"

namespace husk::compare {

// Empty when not both were measured.
std::string format_cost(const ComparisonResult& result, const GridStyle& style);

}  // namespace husk::compare
