#include "tools/compare/output/workload_table.h"

#include <algorithm>

#include "tools/compare/output/numbers.h"
#include "tools/compare/output/ratio_text.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

constexpr char kProcess[] = "process";
constexpr std::size_t kColumns = 4;  // of workloads beside each other
constexpr std::size_t kColumnWidth = 22;

bool is_tried(const ComparisonResult& result, const std::string& id) {
  return std::ranges::any_of(result.runners, [&](const RunnerResult& runner) {
    return runner.find(id) != nullptr || runner.notes.contains(id);
  });
}

class WorkloadTable {
 public:
  WorkloadTable(const ComparisonResult& result, const GridStyle& style)
      : result_(result), style_(style), process_(result.find(kProcess)) {
    for (const Metric& metric : metrics()) {
      const std::string id(metric.id);
      if (metric.group != Group::kWorkloads || !is_tried(result, id)) continue;
      const bool has_figure =
          std::ranges::any_of(result.runners, [&](const RunnerResult& runner) { return runner.find(id) != nullptr; });
      (has_figure ? ids_ : without_).push_back(id);
    }
    // Without a process to compare with they are times.
    has_ratios_ = process_ != nullptr &&
                  std::ranges::any_of(ids_, [&](const std::string& id) { return process_->find(id) != nullptr; });
  }

  std::string write() const {
    if (ids_.empty() && without_.empty()) return "";
    const std::string title = has_ratios_
                                  ? "Workloads, start to exit, as ratios to process (its row: ms): median [95 %] n"
                                  : "Workloads, ms from start to exit: median [95 %] n";
    std::string text = "\n" + (style_.colour ? "\033[1;36m" + title + "\033[0m" : title) + "\n";
    Footnotes notes;
    for (std::size_t at = 0; at < ids_.size(); at += kColumns) {
      const auto begin = ids_.begin() + static_cast<std::ptrdiff_t>(at);
      text += (at == 0 ? "" : "\n") +
              block({begin, begin + static_cast<std::ptrdiff_t>(std::min(kColumns, ids_.size() - at))}, notes);
    }
    return text + notes.text(kTextWidth) + missing();
  }

 private:
  // A column of which no runner has a figure would say the same in each row: a line with all reasons that there are.
  std::string missing() const {
    std::string text;
    for (const std::string& id : without_) {
      std::vector<std::string> reasons;
      for (const RunnerResult& runner : result_.runners) {
        const auto note = runner.notes.find(id);
        if (note == runner.notes.end() || std::ranges::find(reasons, note->second) != reasons.end()) continue;
        reasons.push_back(note->second);
      }
      std::string line(find_metric(id)->title);
      for (const std::string& reason : reasons) line += (&reason == reasons.data() ? ": " : "; ") + reason;
      text += "  " + wrap(line, kTextWidth, 4) + "\n";
    }
    return text.empty() ? "" : "Of no runner:\n" + text;
  }

  std::string block(const std::vector<std::string>& ids, Footnotes& notes) const {
    std::vector<std::string> titles = {"runner"};
    for (const std::string& id : ids) titles.emplace_back(find_metric(id)->title);
    std::vector<GridRow> rows;
    for (const RunnerResult& runner : result_.runners) {
      // Limits and hardened forms run no workloads.
      if (runner.is_reference || !runner.hardened_form_of.empty()) continue;
      GridRow row{{runner.name}, runner.note, runner.status != Status::kMeasured};
      // One without figures whose row has no note has its reasons in the cells.
      if (!runner.series.empty() || runner.note.empty()) {
        for (const std::string& id : ids) row.cells.push_back(cell(runner, id, notes));
      }
      rows.push_back(std::move(row));
    }
    return format_grid(narrow_header(titles, kColumnWidth), rows, style_);
  }

  std::string cell(const RunnerResult& runner, const std::string& id, Footnotes& notes) const {
    const auto note = runner.notes.find(id);
    const std::string mark = note == runner.notes.end() || note->second.empty() || note->second == runner.note
                                 ? ""
                                 : notes.mark(note->second);
    const std::string figure = figure_of(runner, id, notes);
    if (!figure.empty()) return mark.empty() ? figure : figure + " " + mark;
    // An empty cell says in short itself why it is: "not supported", "over 1.2 s".
    return mark.empty() ? kNoFigure : note->second.substr(0, note->second.find(':')) + " " + mark;
  }

  std::string figure_of(const RunnerResult& runner, const std::string& id, Footnotes& notes) const {
    if (has_ratios_ && &runner != process_) {
      const auto ratio = summarize_ratio(runner.find(id), process_->find(id), result_.seed);
      if (ratio) return ratio_with_interval(*ratio) + mark_of_few(ratio, notes);
      if (process_->find(id) != nullptr) return "";
    }
    const std::optional<Summary> time = summarize(runner.find(id), result_.seed);
    if (!time) return "";
    return significant(time->median / kMillisecond) + " ms" +
           (time->interval ? " " + interval_text(time, kMillisecond) : "") + " " + std::to_string(time->count) +
           mark_of_few(time, notes);
  }

  const ComparisonResult& result_;
  const GridStyle& style_;
  const RunnerResult* process_;
  std::vector<std::string> ids_;
  std::vector<std::string> without_;  // tried, and of no runner
  bool has_ratios_ = false;
};

}  // namespace

std::string format_workloads(const ComparisonResult& result, const GridStyle& style) {
  return WorkloadTable(result, style).write();
}

}  // namespace husk::compare
