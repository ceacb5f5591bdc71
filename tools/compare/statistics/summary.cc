#include "tools/compare/statistics/summary.h"

#include "tools/compare/statistics/quantile.h"

namespace husk::compare {

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
  return summary;
}

Series paired_ratios(const Series& numerator, const Series& denominator) {
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

}  // namespace husk::compare
