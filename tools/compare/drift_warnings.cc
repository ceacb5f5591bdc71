#include "tools/compare/drift_warnings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tools/compare/output/numbers.h"
#include "tools/compare/statistics/multiplicity.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

constexpr char kMetric[] = "start_ns";
constexpr double kFalseAlarms = 0.05;
constexpr std::size_t kMostNamed = 3;  // in one sentence; the JSON file has all

// One test of one series.
struct Finding {
  std::string runner;
  Drift drift;
  bool is_ratio = false;
  bool is_trend = false;
  double probability = 1;
  double change() const { return is_trend ? std::abs(drift.trend) : drift.spread; }
};

void look(const std::string& runner, const std::optional<Drift>& drift, bool is_ratio, std::vector<Finding>& findings) {
  if (!drift) return;
  findings.push_back({runner, *drift, is_ratio, false, drift->batch_probability});
  findings.push_back({runner, *drift, is_ratio, true, drift->trend_probability});
}

std::string percent(double part) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.0f %%", 100 * part);
  return text;
}

// "vm 3.35, 2.83, 2.73, 3.41 ms", "vm -12 %"
std::string describe(const Finding& finding) {
  if (finding.is_trend) return finding.runner + " " + percent(finding.drift.trend);
  std::string text = finding.runner;
  const double divisor = finding.is_ratio ? 1 : 1e6;
  for (std::size_t i = 0; i < finding.drift.slice_medians.size(); ++i) {
    text += (i == 0 ? " " : ", ") + significant(finding.drift.slice_medians[i] / divisor);
  }
  return text + (finding.is_ratio ? "" : " ms");
}

// The largest changes of one kind.
std::string list(const std::vector<Finding>& findings, bool is_ratio, bool is_trend) {
  std::vector<Finding> some;
  for (const Finding& finding : findings) {
    if (finding.is_ratio == is_ratio && finding.is_trend == is_trend) some.push_back(finding);
  }
  std::ranges::sort(some, std::ranges::greater(), &Finding::change);
  std::string text;
  for (std::size_t i = 0; i < some.size() && i < kMostNamed; ++i) text += (i == 0 ? "" : "; ") + describe(some[i]);
  if (some.size() > kMostNamed) text += "; and " + std::to_string(some.size() - kMostNamed) + " more";
  return text;
}

}  // namespace

std::optional<Drift> drift_of(const ComparisonResult& result, const std::string& metric, const Series& series) {
  const auto slices = result.slices.find(metric);
  if (slices == result.slices.end()) return std::nullopt;
  std::vector<std::size_t> begins;
  for (const std::uint32_t round : slices->second) {
    const auto at = std::ranges::lower_bound(series, round, {}, &Sample::round);
    const auto index = static_cast<std::size_t>(at - series.begin());
    // A slice in which it took no part is none of its own.
    if (index == series.size() || (!begins.empty() && begins.back() == index)) continue;
    begins.push_back(index);
  }
  return find_drift(values_of(series), begins);
}

std::vector<std::string> drift_warnings(const ComparisonResult& result, const std::string& baseline) {
  const RunnerResult* other = result.find(baseline);
  const Series* denominator = other == nullptr ? nullptr : other->find(kMetric);
  std::vector<Finding> findings;
  for (const RunnerResult& runner : result.runners) {
    const Series* series = runner.find(kMetric);
    if (series == nullptr) continue;
    look(runner.name, drift_of(result, kMetric, *series), false, findings);
    if (denominator == nullptr || series == denominator) continue;
    look(runner.name, drift_of(result, kMetric, paired_ratios(*series, *denominator)), true, findings);
  }
  std::vector<double> probabilities;
  for (const Finding& finding : findings) probabilities.push_back(finding.probability);
  const std::vector<double> adjusted = holm(probabilities);
  for (std::size_t i = 0; i < findings.size(); ++i) findings[i].probability = adjusted[i];
  std::erase_if(findings, [](const Finding& finding) {
    return finding.probability >= kFalseAlarms || finding.change() < kLeastChange;
  });

  std::vector<std::string> warnings;
  const auto warn = [&](bool is_ratio, bool is_trend, const std::string& before, const std::string& after) {
    const std::string some = list(findings, is_ratio, is_trend);
    if (!some.empty()) warnings.push_back(before + some + after);
  };
  warn(false, false,
       "start-up differs from slice to slice of the comparison by more than the runs within one explain: ",
       ": absolute times are of those minutes only");
  warn(false, true,
       "start-up drifted from the first round to the last: ", ": absolute times are of those minutes only");
  warn(true, false, "even ratios to " + baseline + " differ from slice to slice: ",
       ": do not conclude from differences of that size");
  warn(true, true, "even ratios to " + baseline + " drifted: ", ": do not conclude from differences of that size");
  return warnings;
}

}  // namespace husk::compare
