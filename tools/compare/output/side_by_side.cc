#include "tools/compare/output/side_by_side.h"

#include <functional>
#include <map>
#include <utility>

#include "tools/compare/judgement.h"
#include "tools/compare/metrics.h"
#include "tools/compare/output/numbers.h"

namespace husk::compare {
namespace {

constexpr std::size_t kUnderTitle = 3;

std::string paragraph(const std::string& text) {
  return wrap(text, kTextWidth, kUnderTitle) + "\n";
}

std::string description(const std::string& label, const Document& document) {
  const ComparisonResult& result = document.result;
  const std::string continued(kUnderTitle, ' ');
  std::string text =
      paragraph(label + ": " + result.started + ", husk " + result.husk_version + " (" + result.husk_commit + "), " +
                result.host.cpu_model + ", " + result.host.kernel + ", KVM " + result.host.kvm_backend +
                (result.host.guest_ring.empty() ? "" : ", guest kernel in CPL " + result.host.guest_ring)) +
      continued + paragraph("payload: " + result.payload + "; ratios to " + document.baseline);
  if (!result.complete) text += continued + paragraph("ENDED EARLY: this is what was known then");
  for (const std::string& warning : result.warnings) text += continued + paragraph("WARNING: " + warning);
  return text;
}

std::string interval_of(const Difference& difference) {
  return significant(difference.quotient) + "x [" + significant(difference.interval.low) + ", " +
         significant(difference.interval.high) + "]";
}

class SideBySide {
 public:
  SideBySide(const Document& a, const Document& b, const GridStyle& style) : a_(a), b_(b), style_(style) {
    style_.widest = 0;  // a verdict belongs to its figures
    for (Judgement& judgement : judge(a, b)) {
      const std::pair key(judgement.runner, judgement.metric);
      judgements_.emplace(key, std::move(judgement));
    }
  }

  std::string write() const {
    std::string text = description("A", a_) + description("B", b_) + notes();
    for (const RunnerResult& runner : a_.result.runners) {
      const RunnerResult* other = b_.result.find(runner.name);
      const std::vector<GridRow> rows = other == nullptr ? std::vector<GridRow>() : rows_of(runner, *other);
      if (!rows.empty()) text += "\n" + format_grid({{runner.name, "A", "B", "B/A", "B is"}}, rows, style_);
    }
    return text + rule() + not_in_both();
  }

 private:
  std::string notes() const {
    std::string text;
    if (a_.result.payload != b_.result.payload) {
      text += paragraph(
          "WARNING: THE PAYLOADS DIFFER: what differs below may be theirs, so nothing is called better or worse.");
    }
    if (!is_same_machine(a_.result.host, b_.result.host)) {
      const std::string baseline = common_baseline(a_, b_);
      text +=
          paragraph("NOTE: these are different machines: compare ratios within each, not A's times with B's." +
                    std::string(baseline.empty() ? " There is no runner that both could be put in a ratio to." : ""));
    }
    std::string differences;
    for (const std::string& difference : differences_of_setup(a_, b_)) {
      differences += std::string(kUnderTitle, ' ') + paragraph(difference);
    }
    if (!differences.empty())
      text += "What differs but for the figures, and may be the reason for them:\n" + differences;
    return text;
  }

  // How "better" came about, which nobody should have to guess.
  std::string rule() const {
    std::size_t tested = 0;
    for (const auto& [key, judgement] : judgements_) tested += judgement.difference ? 1 : 0;
    if (tested == 0) return "";
    return "\n" +
           wrap("Judged are " + std::to_string(tested) +
                    " rows: times and rates as ratios to a limit that was measured in the same rounds, memory as it "
                    "is. One is called better or worse when it differs by 2 % or more and the tests of all rows "
                    "together have less than 5 % of false ones among those that are called so. \"Cannot tell\" is not "
                    "\"alike\": the 95 % interval of B/A says how much may be hidden.",
                kTextWidth, 0) +
           "\n";
  }

  static std::string with_interval(const Summary& summary, const std::function<std::string(double)>& show) {
    std::string text = show(summary.median);
    if (summary.interval) text += " [" + show(summary.interval->low) + ", " + show(summary.interval->high) + "]";
    return text + ", n=" + std::to_string(summary.count);
  }

  // The figures as they are, and whatever they are judged by.
  std::vector<GridRow> rows_of(const RunnerResult& runner, const RunnerResult& other, const std::string& id) const {
    const Metric* metric = find_metric(id);
    const std::optional<Summary> mine = summarize_metric(runner, id, a_.result.seed);
    const std::optional<Summary> theirs = summarize_metric(other, id, b_.result.seed);
    const auto found = judgements_.find({runner.name, id});
    if (metric == nullptr || !mine || !theirs || found == judgements_.end()) return {};
    const Judgement& judgement = found->second;
    const std::string parameter(parameter_of(id));
    const auto show = [&](double value) { return with_unit(value, metric->unit); };
    GridRow row{{std::string(metric->title) + (parameter.empty() ? "" : " (n=" + parameter + ")"),
                 with_interval(*mine, show), with_interval(*theirs, show),
                 mine->median > 0 ? significant(theirs->median / mine->median) + "x" : kNoFigure, ""},
                {},
                false};
    if (judgement.limit.empty()) {
      if (judgement.difference) row.cells[3] = interval_of(*judgement.difference);
      row.cells[4] = words_of(judgement);
      return {row};
    }
    const auto as_ratio = [](double value) { return significant(value) + "x"; };
    const auto my_ratio = ratio(a_, runner, id, judgement.limit);
    const auto their_ratio = ratio(b_, other, id, judgement.limit);
    if (!my_ratio || !their_ratio) return {row};
    return {row,
            {{"  x " + judgement.limit, with_interval(*my_ratio, as_ratio), with_interval(*their_ratio, as_ratio),
              judgement.difference ? interval_of(*judgement.difference)
                                   : significant(their_ratio->median / my_ratio->median) + "x",
              words_of(judgement)},
             {},
             false}};
  }

  static std::string words_of(const Judgement& judgement) {
    const std::string verdict = name_of(judgement.verdict);
    if (judgement.why.empty()) return verdict;
    return verdict.empty() ? judgement.why : verdict + ": " + judgement.why;
  }

  static std::optional<Summary> ratio(const Document& document, const RunnerResult& runner, const std::string& id,
                                      const std::string& limit) {
    return summarize_ratio(runner.find(id), document.result.find(limit)->find(id), document.result.seed);
  }

  std::vector<GridRow> rows_of(const RunnerResult& runner, const RunnerResult& other) const {
    std::vector<GridRow> rows;
    for (const auto& [id, series] : runner.series) {
      for (GridRow& row : rows_of(runner, other, id)) rows.push_back(std::move(row));
    }
    return rows;
  }

  // "" for a runner with figures and nothing to say about them.
  static std::string state_of(const RunnerResult* runner) {
    if (runner == nullptr) return "not in this comparison";
    if (!runner->note.empty()) return runner->note;
    if (runner->status != Status::kMeasured) return name_of(runner->status);
    return runner->series.empty() ? "without a figure" : "";
  }

  // The runners of which a reader would otherwise not know why they have no table, or one with fewer rows.
  std::string not_in_both() const {
    std::vector<std::string> names;
    for (const RunnerResult& runner : a_.result.runners) names.push_back(runner.name);
    for (const RunnerResult& runner : b_.result.runners) {
      if (a_.result.find(runner.name) == nullptr) names.push_back(runner.name);
    }
    std::string text;
    for (const std::string& name : names) {
      const std::string in_a = state_of(a_.result.find(name));
      const std::string in_b = state_of(b_.result.find(name));
      if (in_a.empty() && in_b.empty()) continue;
      text +=
          paragraph(name + ": A: " + (in_a.empty() ? "measured" : in_a) + "; B: " + (in_b.empty() ? "measured" : in_b));
    }
    return text.empty() ? "" : "\nNot measured, or not to the end:\n" + text;
  }

  const Document& a_;
  const Document& b_;
  GridStyle style_;
  std::map<std::pair<std::string, std::string>, Judgement> judgements_;  // by runner and metric
};

}  // namespace

std::string format_side_by_side(const Document& a, const Document& b, const GridStyle& style) {
  return SideBySide(a, b, style).write();
}

}  // namespace husk::compare
