#include "tools/compare/output/side_by_side.h"

#include "tools/compare/metrics.h"
#include "tools/compare/output/numbers.h"

namespace husk::compare {
namespace {

std::string description(const char* label, const ComparisonResult& result) {
  return std::string(label) + ": " + result.started + ", husk " + result.husk_version + " (" + result.husk_commit +
         "), " + result.host.cpu_model + ", " + result.host.kernel + ", KVM " + result.host.kvm_backend +
         (result.host.guest_ring.empty() ? "" : ", guest kernel in CPL " + result.host.guest_ring) + "\n";
}

bool is_same_machine(const Host& a, const Host& b) {
  return a.cpu_model == b.cpu_model && a.kernel == b.kernel && a.kvm_backend == b.kvm_backend && a.cores == b.cores;
}

std::string with_interval(const Summary& summary, Unit unit) {
  std::string text = with_unit(summary.median, unit);
  if (summary.interval) {
    text += " [" + with_unit(summary.interval->low, unit) + ", " + with_unit(summary.interval->high, unit) + "]";
  }
  return text;
}

// Intervals that do not meet are a difference; intervals that do say nothing either way.
std::string verdict(const Summary& a, const Summary& b, bool higher_is_better) {
  if (!a.interval || !b.interval) return "";
  const bool is_lower = b.interval->high < a.interval->low;
  const bool is_higher = b.interval->low > a.interval->high;
  if (!is_lower && !is_higher) return "";
  return is_higher == higher_is_better ? "better" : "worse";
}

}  // namespace

std::string format_side_by_side(const ComparisonResult& a, const ComparisonResult& b, const GridStyle& style) {
  std::string text = description("A", a) + description("B", b);
  if (!is_same_machine(a.host, b.host)) {
    text += "NOTE: these are different machines: compare ratios within each, not A's times with B's.\n";
  }
  for (const RunnerResult& runner : a.runners) {
    const RunnerResult* other = b.find(runner.name);
    if (other == nullptr) continue;
    std::vector<GridRow> rows;
    for (const auto& [id, series] : runner.series) {
      const Metric* metric = find_metric(id);
      const std::optional<Summary> mine = summarize(&series, a.seed);
      const std::optional<Summary> theirs = summarize(other->find(id), b.seed);
      if (metric == nullptr || !mine || !theirs) continue;
      const std::string parameter(parameter_of(id));
      rows.push_back({{std::string(metric->title) + (parameter.empty() ? "" : " (n=" + parameter + ")"),
                       with_interval(*mine, metric->unit), with_interval(*theirs, metric->unit),
                       mine->median > 0 ? significant(theirs->median / mine->median) + "x" : kNoFigure,
                       verdict(*mine, *theirs, metric->higher_is_better)},
                      {},
                      false});
    }
    if (rows.empty()) continue;
    text += "\n" + format_grid({{runner.name, "A", "B", "B/A", "B is"}}, rows, style);
  }
  return text;
}

}  // namespace husk::compare
