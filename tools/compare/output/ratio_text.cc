#include "tools/compare/output/ratio_text.h"

#include "tools/compare/output/numbers.h"

namespace husk::compare {

std::string ratio_with_interval(const Summary& ratio) {
  const std::string interval = ratio.interval ? " " + interval_text(ratio, 1) : "";
  return significant(ratio.median) + "x" + interval + " " + std::to_string(ratio.count);
}

Summary as_cost(const Summary& ratio, const Metric& metric) {
  if (!metric.higher_is_better) return ratio;
  // The inverse falls where its argument rises, so quantiles keep their meaning from the other end.
  Summary cost = ratio;
  cost.median = 1 / ratio.median;
  cost.p5 = 1 / ratio.p95;
  cost.p95 = 1 / ratio.p5;
  cost.least = 1 / ratio.most;
  cost.most = 1 / ratio.least;
  if (ratio.interval) cost.interval = Interval{1 / ratio.interval->high, 1 / ratio.interval->low};
  return cost;
}

std::string mark_of_few(const std::optional<Summary>& summary, Footnotes& notes) {
  if (!summary || !summary->has_few()) return "";
  return notes.star("fewer than " + std::to_string(kLeastForMedian) + " samples: the middle one of them");
}

}  // namespace husk::compare
