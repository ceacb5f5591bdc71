// Two comparisons, A and B: what differs from one machine or commit to the other.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/output/json.h"

namespace husk::compare {

std::string format_side_by_side(const Document& a, const Document& b, const GridStyle& style);

// The runner that both can take ratios to: the baseline of A, of B, or the plain process, whichever both have measured.
// Empty when there is none.
std::string common_baseline(const Document& a, const Document& b);

}  // namespace husk::compare
