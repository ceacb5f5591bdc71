// Every sample as one line of comma-separated values (RFC 4180), for spreadsheets and R: runner, metric, unit, round,
// value.
#pragma once

#include <string>

#include "tools/compare/result.h"

namespace husk::compare {

std::string format_csv(const ComparisonResult& result);

}  // namespace husk::compare
