#include "tools/compare/result.h"

#include <algorithm>

namespace husk::compare {

const Series* RunnerResult::find(const std::string& metric) const {
  const auto found = series.find(metric);
  return found == series.end() || found->second.empty() ? nullptr : &found->second;
}

const RunnerResult* ComparisonResult::find(const std::string& runner) const {
  const auto found = std::ranges::find(runners, runner, &RunnerResult::name);
  return found == runners.end() ? nullptr : &*found;
}

}  // namespace husk::compare
