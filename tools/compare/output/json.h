// A comparison with every raw sample, for other programs and for `husk report`: docs/compare-json.md describes the
// schema.
#pragma once

#include <string>

#include "tools/compare/result.h"

namespace husk::compare {

inline constexpr char kSchemaName[] = "husk.compare";
inline constexpr int kSchemaVersion = 2;

// `baseline`: the runner that ratios are taken to.
std::string format_json(const ComparisonResult& result, const std::string& baseline);

struct Document {
  ComparisonResult result;
  std::string baseline;
};

// Reads such a text back. `name` is what it came from, for the error. Throws husk::Error when it is not of this schema.
Document parse_json(const std::string& text, const std::string& name);

}  // namespace husk::compare
