// The workloads as ratios to a plain process, with intervals and numbers of pairs.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/result.h"

namespace husk::compare {

// Empty when no workload was tried.
std::string format_workloads(const ComparisonResult& result, const GridStyle& style);

}  // namespace husk::compare
