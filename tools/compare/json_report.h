// A comparison with every raw sample, for other programs: docs/compare-json.md describes the schema.
#pragma once

#include <string>

#include "tools/compare/host.h"
#include "tools/compare/result.h"

namespace husk::compare {

inline constexpr char kSchemaName[] = "husk.compare";
inline constexpr int kSchemaVersion = 1;

std::string format_json(const ComparisonResult& result, const Host& host);

// Writes it to `path`. Throws husk::Error.
void write_json(const std::string& path, const ComparisonResult& result, const Host& host);

}  // namespace husk::compare
