// Two comparisons, A and B: what differs from one machine or commit to the other.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/output/json.h"

namespace husk::compare {

std::string format_side_by_side(const Document& a, const Document& b, const GridStyle& style);

}  // namespace husk::compare
