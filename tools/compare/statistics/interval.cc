#include "tools/compare/statistics/interval.h"

#include <algorithm>
#include <stdexcept>

#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"

namespace husk::compare {

Interval median_interval(std::span<const double> values, std::uint64_t seed) {
  if (values.size() < kLeastForInterval) throw std::invalid_argument("too few values for an interval");
  const Interval near = bootstrap_interval(values, seed);
  if (values.size() < kLeastForBatches) return near;
  const Interval far = batch_interval(values);
  return {std::min(near.low, far.low), std::max(near.high, far.high)};
}

}  // namespace husk::compare
