#include "tools/compare/statistics/batches.h"

#include <array>
#include <cmath>
#include <stdexcept>

#include "tools/compare/statistics/quantile.h"

namespace husk::compare {

double batch_error(std::span<const double> values) {
  if (values.size() < kLeastForBatches) throw std::invalid_argument("too few values for batches");
  std::array<double, kBatches> medians;
  double mean = 0;
  for (std::size_t i = 0; i < kBatches; ++i) {
    const std::size_t begin = values.size() * i / kBatches;
    const std::size_t end = values.size() * (i + 1) / kBatches;
    medians[i] = median(values.subspan(begin, end - begin));
    mean += medians[i] / kBatches;
  }
  double squares = 0;
  for (const double one : medians) squares += (one - mean) * (one - mean);
  return std::sqrt(squares / (kBatches - 1) / kBatches);
}

}  // namespace husk::compare
