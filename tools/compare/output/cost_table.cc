#include "tools/compare/output/cost_table.h"

#include <algorithm>
#include <utility>

#include "tools/compare/output/numbers.h"
#include "tools/compare/output/ratio_text.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

constexpr char kVm[] = "vm";
constexpr char kOther[] = "namespace";

// Phases are parts of one start, and cut differently for different runners; images of several sizes have a curve; the
// totals of n instances are what one instance more was computed from; and at what rate starts arrived, and how late the
// comparison was, is no cost of a runner's.
bool is_compared(const Metric& metric) {
  if (metric.id == "arrival_rate" || metric.id == "arrival_lag_ns") return false;
  return metric.group != Group::kPhases && metric.group != Group::kImageSize &&
         !(metric.group == Group::kDensity && metric.id.find("total_") != std::string_view::npos);
}

std::string title_of(const Metric& metric, const std::string& id) {
  const std::string parameter(parameter_of(id));
  return std::string(metric.title) + (parameter.empty() ? "" : " (n=" + parameter + ")");
}

std::string beside(const std::string& figure, const std::string& mark) {
  return mark.empty() ? figure : figure + " " + mark;
}

}  // namespace

std::string format_cost(const ComparisonResult& result, const GridStyle& style) {
  const RunnerResult* vm = result.find(kVm);
  const RunnerResult* other = result.find(kOther);
  if (vm == nullptr || other == nullptr) return "";
  std::vector<GridRow> rows;
  Footnotes notes;
  const auto add = [&](const std::string& id, const Metric& metric) {
    const std::optional<Summary> mine = summarize_metric(*vm, id, result.seed);
    const std::optional<Summary> theirs = summarize_metric(*other, id, result.seed);
    const std::optional<Summary> ratio = summarize_metric_ratio(*vm, *other, id, result.seed);
    if (!mine && !theirs) return;
    const auto figure = [&](const RunnerResult& runner, const std::optional<Summary>& summary) {
      if (summary) return beside(with_unit(summary->median, metric.unit), mark_of_few(summary, notes));
      const auto note = runner.notes.find(id);
      return note == runner.notes.end() ? std::string(kNoFigure) : notes.mark(note->second);
    };
    const std::optional<Summary> cost =
        ratio && ratio->median > 0 ? std::optional(as_cost(*ratio, metric)) : std::nullopt;
    rows.push_back({{title_of(metric, id), figure(*other, theirs), figure(*vm, mine),
                     beside(ratio_text(cost), mark_of_few(cost, notes)), interval_text(cost, 1),
                     cost ? std::to_string(cost->count) : kNoFigure},
                    {},
                    false});
  };
  for (const Metric& metric : metrics()) {
    if (!is_compared(metric)) continue;
    // In the order of their numbers, which is not that of the names: 8 comes before 16.
    std::vector<std::string> ids;
    for (const RunnerResult* runner : {other, vm}) {
      for (const auto& [id, series] : runner->series) {
        if (find_metric(id) == &metric && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
      }
      for (const auto& [id, note] : runner->notes) {
        if (find_metric(id) == &metric && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
      }
    }
    std::ranges::sort(ids, {},
                      [](const std::string& id) { return std::pair(parameter_of(id).size(), parameter_of(id)); });
    for (const std::string& id : ids) add(id, metric);
  }
  if (rows.empty()) return "";
  const std::string title = "What a VM costs against namespaces: vm / namespace, pair by pair (of rates the inverse)";
  return "\n" + (style.colour ? "\033[1;36m" + title + "\033[0m" : title) + "\n" +
         format_grid({{"", "namespace", "vm", "vm/namesp.", "95 %", "n"}}, rows, style) + notes.text(kTextWidth);
}

}  // namespace husk::compare
