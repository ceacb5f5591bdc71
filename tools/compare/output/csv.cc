#include "tools/compare/output/csv.h"

#include <cstdio>

#include "tools/compare/metrics.h"

namespace husk::compare {

std::string format_csv(const ComparisonResult& result) {
  // No name of a runner, metric or unit has a character that would need quotes.
  std::string text = "runner,metric,unit,round,value\r\n";
  for (const RunnerResult& runner : result.runners) {
    for (const auto& [id, series] : runner.series) {
      const Metric* metric = find_metric(id);
      const std::string prefix =
          runner.name + "," + id + "," + (metric != nullptr ? std::string(name_of(metric->unit)) : "") + ",";
      for (const Sample& sample : series) {
        char line[64];
        std::snprintf(line, sizeof line, "%u,%.15g\r\n", sample.round, sample.value);
        text += prefix + line;
      }
    }
  }
  return text;
}

}  // namespace husk::compare
