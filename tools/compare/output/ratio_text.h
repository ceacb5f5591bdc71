// A ratio as one cell: median, 95 % interval, number of pairs; and what is said of few samples.
#pragma once

#include <optional>
#include <string>

#include "tools/compare/metrics.h"
#include "tools/compare/output/grid.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {

// "2.13x [2.05, 2.21] 12"; what of it there is not is left out.
std::string ratio_with_interval(const Summary& ratio);

// What more of the one costs than of the other: of times and memory the ratio itself, of rates its inverse, so that above
// 1 is always dearer.
Summary as_cost(const Summary& ratio, const Metric& metric);

// "*" where a figure is of so few samples that it is not much of a median, with what that means below the grid.
std::string mark_of_few(const std::optional<Summary>& summary, Footnotes& notes);

}  // namespace husk::compare
