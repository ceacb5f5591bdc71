#include "tools/compare/statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tools/compare/metrics.h"
#include "tools/compare/statistics/quantile.h"
#include "tools/compare/statistics/quantile_interval.h"
#include "tools/compare/statistics/slope.h"

namespace husk::compare {
namespace {

constexpr std::string_view kAdditional = "additional_";

// "python_additional_pss_bytes" -> "python_total_pss_bytes"; empty for what is not fitted.
std::string total_of(std::string id) {
  const std::size_t at = id.find(kAdditional);
  return at == std::string::npos ? std::string() : id.replace(at, kAdditional.size(), "total_");
}

// The readings of one round are a ramp.
std::vector<Ramp> ramps_of(const RunnerResult& runner, const std::string& total) {
  std::map<std::uint32_t, Ramp> ramps;
  for (const auto& [id, series] : runner.series) {
    if (id.substr(0, id.find('@')) != total || parameter_of(id).empty()) continue;
    const double count = std::stod(std::string(parameter_of(id)));
    for (const Sample& sample : series) ramps[sample.round].push_back({count, sample.value});
  }
  std::vector<Ramp> ordered;
  for (auto& [round, ramp] : ramps) {
    std::ranges::sort(ramp, {}, &Reading::count);
    ordered.push_back(std::move(ramp));
  }
  return ordered;
}

double relative_error(const Summary& summary) {
  return (summary.interval->high - summary.interval->low) / 2 / summary.median;
}

bool has_several_of_a_round(const Series& series) {
  return std::ranges::adjacent_find(series, {}, &Sample::round) != series.end();
}

}  // namespace

std::optional<Summary> summarize(const Series* series, std::uint64_t seed) {
  if (series == nullptr || series->empty()) return std::nullopt;
  const std::vector<double> values = values_of(*series);
  Summary summary;
  summary.count = values.size();
  summary.median = median(values);
  summary.p5 = quantile(values, 0.05);
  summary.p95 = quantile(values, 0.95);
  summary.least = quantile(values, 0);
  summary.most = quantile(values, 1);
  if (values.size() >= kLeastForInterval) summary.interval = median_interval(values, seed);
  constexpr double kP99 = 0.99;
  if (values.size() >= kLeastForP99) {
    summary.p99 = quantile(values, kP99);
    summary.p99_interval = quantile_interval(values, kP99);
  }
  return summary;
}

std::optional<Summary> summarize_metric(const RunnerResult& runner, const std::string& id, std::uint64_t seed) {
  std::optional<Summary> summary = summarize(runner.find(id), seed);
  const std::string total = total_of(id);
  if (!summary || total.empty()) return summary;
  const std::vector<Ramp> ramps = ramps_of(runner, total);
  const std::optional<Slope> slope = fit_slope(ramps, seed);
  if (!slope) return summary;  // a file of an earlier version, whose samples were no slopes
  summary->median = slope->per_instance;
  summary->interval = slope->interval;
  summary->fit = Fit{.instances = 0, .ramps = ramps.size(), .steps = slope->steps};
  for (const Ramp& ramp : ramps) {
    summary->fit->instances = std::max(summary->fit->instances, static_cast<std::size_t>(ramp.back().count));
  }
  return summary;
}

Series paired_ratios(const Series& numerator, const Series& denominator) {
  if (has_several_of_a_round(numerator) || has_several_of_a_round(denominator)) return {};
  Series ratios;
  auto other = denominator.begin();
  for (const Sample& sample : numerator) {
    while (other != denominator.end() && other->round < sample.round) ++other;
    if (other == denominator.end()) break;
    if (other->round == sample.round && other->value > 0) ratios.push_back({sample.round, sample.value / other->value});
  }
  return ratios;
}

std::optional<Summary> summarize_ratio(const Series* numerator, const Series* denominator, std::uint64_t seed) {
  if (numerator == nullptr || denominator == nullptr) return std::nullopt;
  const Series ratios = paired_ratios(*numerator, *denominator);
  return summarize(&ratios, seed);
}

std::optional<Summary> summarize_metric_ratio(const RunnerResult& numerator, const RunnerResult& denominator,
                                              const std::string& id, std::uint64_t seed) {
  const std::optional<Summary> above = summarize_metric(numerator, id, seed);
  const std::optional<Summary> below = summarize_metric(denominator, id, seed);
  if (!above || !below || !above->fit || !below->fit) {
    return summarize_ratio(numerator.find(id), denominator.find(id), seed);
  }
  if (above->median <= 0 || below->median <= 0) return std::nullopt;
  Summary ratio;
  ratio.count = std::min(above->count, below->count);
  ratio.median = ratio.p5 = ratio.p95 = ratio.least = ratio.most = above->median / below->median;
  ratio.fit = above->fit->steps < below->fit->steps ? above->fit : below->fit;
  if (above->interval && below->interval) {
    const double half = ratio.median * std::hypot(relative_error(*above), relative_error(*below));
    ratio.interval = Interval{std::max(0.0, ratio.median - half), ratio.median + half};
  }
  return ratio;
}

}  // namespace husk::compare
