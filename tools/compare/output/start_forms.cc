#include "tools/compare/output/start_forms.h"

#include <optional>
#include <vector>

#include "tools/compare/output/numbers.h"
#include "tools/compare/output/ratio_text.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

constexpr const char* kForms[] = {"start_ns", "start_with_root_ns", "start_directory_ns"};

bool has_forms(const ComparisonResult& result) {
  for (const RunnerResult& runner : result.runners) {
    for (const char* metric : {kForms[1], kForms[2]}) {
      if (runner.find(metric) != nullptr || runner.notes.contains(metric)) return true;
    }
  }
  return false;
}

// The median, and what is said of it.
std::string cell(const RunnerResult& runner, const std::string& metric, std::uint64_t seed, Footnotes& notes) {
  const std::optional<Summary> summary = summarize(runner.find(metric), seed);
  const auto note = runner.notes.find(metric);
  const std::string mark = (note == runner.notes.end() ? "" : notes.mark(note->second)) + mark_of_few(summary, notes);
  if (!summary) return mark.empty() ? kNoFigure : mark;
  return significant(summary->median / kMillisecond) + (mark.empty() ? "" : " " + mark);
}

}  // namespace

std::string format_start_forms(const ComparisonResult& result, const std::string& baseline, const GridStyle& style,
                               std::size_t width) {
  if (!has_forms(result)) return "";
  const RunnerResult* base = result.find(baseline);
  Footnotes notes;
  std::vector<GridRow> rows;
  for (const RunnerResult& runner : result.runners) {
    // The hardened forms start from a root that is ready, and that only.
    if (runner.status != Status::kMeasured || !runner.hardened_form_of.empty()) continue;
    GridRow row;
    row.cells = {runner.name};
    row.is_dim = runner.is_reference;
    for (const char* metric : kForms) {
      const std::optional<Summary> summary = summarize(runner.find(metric), result.seed);
      row.cells.push_back(cell(runner, metric, result.seed, notes));
      row.cells.push_back(summary ? std::to_string(summary->count) : kNoFigure);
      const std::optional<Summary> ratio =
          base == nullptr ? std::nullopt : summarize_ratio(runner.find(metric), base->find(metric), result.seed);
      row.cells.push_back(ratio && ratio->count >= kLeastForInterval ? ratio_text(ratio) : kNoFigure);
    }
    const Series* first = runner.find("first_start_ns");
    row.cells.push_back(cell(runner, "first_start_ns", result.seed, notes));
    row.cells.push_back(first == nullptr ? kNoFigure : std::to_string(first->size()));
    rows.push_back(std::move(row));
  }
  const std::string to_baseline = "x " + baseline;
  const std::string title =
      "Start-up by the form of the root, ms: median, number of runs, and ratio. A writable root is made for each run: "
      "before the clock starts, or while it runs (and removed); from the imported image, or from the directory";
  const std::string wrapped = wrap(title, width, 0);
  return "\n" + (style.colour ? "\033[1;36m" + wrapped + "\033[0m" : wrapped) + "\n" +
         format_grid({{"", "root", "", "", "root made", "", "", "from a", "", "", "first on", ""},
                      {"runner", "ready", "n", to_baseline, "within", "n", to_baseline, "directory", "n", to_baseline,
                       "a host", "n"}},
                     rows, style) +
         notes.text(width);
}

}  // namespace husk::compare
