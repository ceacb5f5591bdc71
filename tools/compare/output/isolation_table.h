// What stands between a payload and the host, as a table for people; and what a VM costs whatever the hardware.
#pragma once

#include <string>

#include "tools/compare/output/grid.h"
#include "tools/compare/result.h"

namespace husk::compare {

// Empty when nothing of it was looked at.
std::string format_isolation(const ComparisonResult& result, const GridStyle& style);

}  // namespace husk::compare
