// What a comparison was asked to do, and with which image: the lines above the tables.
#pragma once

#include <string>

#include "tools/compare/result.h"

namespace husk::compare {

// Lines that end with newlines; none for what an older file does not say.
std::string format_settings(const ComparisonResult& result, std::size_t width);

// The last words of the runs that failed, for those that had more to say than their row shows.
std::string format_failures(const ComparisonResult& result);

}  // namespace husk::compare
