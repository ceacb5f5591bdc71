#include "tools/compare/output/csv.h"

#include <cstdio>

#include "tools/compare/metrics.h"

namespace husk::compare {

namespace {

// RFC 4180, 2.5 to 2.7.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char byte : text) quoted += byte == '"' ? "\"\"" : std::string(1, byte);
  return quoted + "\"";
}

}  // namespace

std::string format_csv(const ComparisonResult& result) {
  std::string text = "runner,metric,unit,round,value\r\n";
  for (const RunnerResult& runner : result.runners) {
    for (const auto& [id, series] : runner.series) {
      const Metric* metric = find_metric(id);
      const std::string prefix = field(runner.name) + "," + field(id) + "," +
                                 (metric != nullptr ? std::string(name_of(metric->unit)) : "") + ",";
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
