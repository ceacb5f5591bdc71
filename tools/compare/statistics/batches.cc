#include "tools/compare/statistics/batches.h"

#include <array>
#include <cmath>
#include <stdexcept>

#include "tools/compare/statistics/quantile.h"

namespace husk::compare {

Interval batch_interval(std::span<const double> values) {
  if (values.size() < kLeastForBatches) throw std::invalid_argument("too few values for batches");
  // Of the logarithms, as times and ratios are positive, and so must be the ends of the interval.
  std::array<double, kBatches> medians;
  double mean = 0;
  for (std::size_t i = 0; i < kBatches; ++i) {
    const std::size_t begin = values.size() * i / kBatches;
    const std::size_t end = values.size() * (i + 1) / kBatches;
    const double middle = median(values.subspan(begin, end - begin));
    if (!(middle > 0))
      return {quantile(values, 0), quantile(values, 1)};  // a size, with zeros in it: all that is known
    medians[i] = std::log(middle);
    mean += medians[i] / kBatches;
  }
  double squares = 0;
  for (const double one : medians) squares += (one - mean) * (one - mean);
  const double deviation = std::sqrt(squares / (kBatches - 1));
  // Student's t at 97.5 % with kBatches - 1 degrees of freedom.
  static_assert(kBatches == 4 && kConfidence == 0.95);
  constexpr double kStudent = 3.1824;
  const double half = kStudent * deviation / std::sqrt(static_cast<double>(kBatches));
  const double middle = median(values);
  return {middle * std::exp(-half), middle * std::exp(half)};
}

}  // namespace husk::compare
