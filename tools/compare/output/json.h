// A comparison with every raw sample, for other programs and for `husk report`: docs/compare-json.md describes the
// schema.
#pragma once

#include <string>

#include "tools/compare/result.h"

namespace husk::compare {

inline constexpr char kSchemaName[] = "husk.compare";
inline constexpr int kSchemaVersion = 2;

const char* name_of(Status status);  // "not available"

// `baseline`: the runner that ratios are taken to.
std::string format_json(const ComparisonResult& result, const std::string& baseline);

struct Document {
  ComparisonResult result;
  std::string baseline;
};

// Reads such a text back (read_json.cc). `name` is what it came from. What is returned is as a comparison makes it:
// known states, names that are names, finite numbers, sorted rounds, facts of the right types; members that this
// version does not know are left out. For anything else it throws a husk::Error that names the file and the member.
Document parse_json(const std::string& text, const std::string& name);

}  // namespace husk::compare
