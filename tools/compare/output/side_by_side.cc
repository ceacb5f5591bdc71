#include "tools/compare/output/side_by_side.h"

#include <functional>

#include "tools/compare/metrics.h"
#include "tools/compare/output/numbers.h"

namespace husk::compare {
namespace {

constexpr std::size_t kWidth = 110;
constexpr std::size_t kIndent = 3;

std::string paragraph(const std::string& text) {
  return wrap(text, kWidth, kIndent) + "\n";
}

std::string description(const std::string& label, const Document& document) {
  const ComparisonResult& result = document.result;
  const std::string continued(kIndent, ' ');
  std::string text =
      paragraph(label + ": " + result.started + ", husk " + result.husk_version + " (" + result.husk_commit + "), " +
                result.host.cpu_model + ", " + result.host.kernel + ", KVM " + result.host.kvm_backend +
                (result.host.guest_ring.empty() ? "" : ", guest kernel in CPL " + result.host.guest_ring)) +
      continued + paragraph("payload: " + result.payload + "; ratios to " + document.baseline);
  if (!result.complete) text += continued + paragraph("ENDED EARLY: this is what was known then");
  for (const std::string& warning : result.warnings) text += continued + paragraph("NOISE: " + warning);
  return text;
}

bool is_same_machine(const Host& a, const Host& b) {
  return a.cpu_model == b.cpu_model && a.kernel == b.kernel && a.kvm_backend == b.kvm_backend && a.cores == b.cores;
}

// Intervals that do not meet are a difference; intervals that do say nothing either way.
std::string verdict(const Summary& a, const Summary& b, bool higher_is_better) {
  if (!a.interval || !b.interval) return "";
  const bool is_lower = b.interval->high < a.interval->low;
  const bool is_higher = b.interval->low > a.interval->high;
  if (!is_lower && !is_higher) return "";
  return is_higher == higher_is_better ? "better" : "worse";
}

class SideBySide {
 public:
  SideBySide(const Document& a, const Document& b, const GridStyle& style)
      : a_(a), b_(b), baseline_(common_baseline(a, b)), style_(style) {
    is_same_payload_ = a.result.payload == b.result.payload;
    is_same_machine_ = is_same_machine(a.result.host, b.result.host);
  }

  std::string write() const {
    std::string text = description("A", a_) + description("B", b_) + notes();
    for (const RunnerResult& runner : a_.result.runners) {
      const RunnerResult* other = b_.result.find(runner.name);
      const std::vector<GridRow> rows = other == nullptr ? std::vector<GridRow>() : rows_of(runner, *other);
      if (!rows.empty()) text += "\n" + format_grid({{runner.name, "A", "B", "B/A", "B is"}}, rows, style_);
    }
    return text + not_in_both();
  }

 private:
  std::string notes() const {
    std::string text;
    if (!is_same_payload_) {
      text += paragraph(
          "WARNING: THE PAYLOADS DIFFER: what differs below may be theirs, so nothing is called better or worse.");
    }
    if (!is_same_machine_) {
      const std::string advice = baseline_.empty() ? " There is no runner that both could be put in a ratio to."
                                 : is_same_payload_
                                     ? " Only the rows \"x " + baseline_ + "\" are called better or worse."
                                     : "";
      text +=
          paragraph("NOTE: these are different machines: compare ratios within each, not A's times with B's." + advice);
    }
    return text;
  }

  GridRow row(const std::string& title, const Summary& mine, const Summary& theirs, bool is_comparable,
              bool higher_is_better, const std::function<std::string(double)>& show) const {
    const auto with_interval = [&](const Summary& summary) {
      std::string text = show(summary.median);
      if (summary.interval) text += " [" + show(summary.interval->low) + ", " + show(summary.interval->high) + "]";
      return text;
    };
    return {{title, with_interval(mine), with_interval(theirs),
             mine.median > 0 ? significant(theirs.median / mine.median) + "x" : kNoFigure,
             is_comparable ? verdict(mine, theirs, higher_is_better) : ""},
            {},
            false};
  }

  std::optional<Summary> ratio(const Document& document, const RunnerResult& runner, const std::string& id) const {
    const RunnerResult* baseline = document.result.find(baseline_);
    if (baseline == nullptr || baseline == &runner) return std::nullopt;
    return summarize_ratio(runner.find(id), baseline->find(id), document.result.seed);
  }

  // For each metric that both have: the figures, and their ratios to the common baseline.
  std::vector<GridRow> rows_of(const RunnerResult& runner, const RunnerResult& other) const {
    std::vector<GridRow> rows;
    for (const auto& [id, series] : runner.series) {
      const Metric* metric = find_metric(id);
      const std::optional<Summary> mine = summarize_metric(runner, id, a_.result.seed);
      const std::optional<Summary> theirs = summarize_metric(other, id, b_.result.seed);
      if (metric == nullptr || !mine || !theirs) continue;
      const std::string parameter(parameter_of(id));
      rows.push_back(row(std::string(metric->title) + (parameter.empty() ? "" : " (n=" + parameter + ")"), *mine,
                         *theirs, is_same_payload_ && is_same_machine_, metric->higher_is_better,
                         [&](double value) { return with_unit(value, metric->unit); }));
      const std::optional<Summary> my_ratio = ratio(a_, runner, id);
      const std::optional<Summary> their_ratio = ratio(b_, other, id);
      if (!my_ratio || !their_ratio) continue;
      rows.push_back(row("  x " + baseline_, *my_ratio, *their_ratio, is_same_payload_, metric->higher_is_better,
                         [](double value) { return significant(value) + "x"; }));
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
  std::string baseline_;
  GridStyle style_;
  bool is_same_payload_ = false;
  bool is_same_machine_ = false;
};

}  // namespace

std::string common_baseline(const Document& a, const Document& b) {
  const auto has = [](const Document& document, const std::string& name) {
    const RunnerResult* runner = document.result.find(name);
    return runner != nullptr && !runner->series.empty();
  };
  for (const std::string& name : {a.baseline, b.baseline, std::string("process")}) {
    if (has(a, name) && has(b, name)) return name;
  }
  return "";
}

std::string format_side_by_side(const Document& a, const Document& b, const GridStyle& style) {
  return SideBySide(a, b, style).write();
}

}  // namespace husk::compare
