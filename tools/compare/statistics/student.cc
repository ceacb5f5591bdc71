#include "tools/compare/statistics/student.h"

#include <cmath>
#include <stdexcept>

namespace husk::compare {

double student_t(std::size_t freedom) {
  if (freedom < kLeastFreedom) throw std::invalid_argument("too few degrees of freedom");
  // Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5: the normal quantile, and what is to be added
  // for each power of 1/freedom. Within 1 % at 3 degrees, 0.1 % from 5 on.
  constexpr double z = 1.959964;
  const double z3 = std::pow(z, 3);
  const double z5 = std::pow(z, 5);
  const double z7 = std::pow(z, 7);
  const double z9 = std::pow(z, 9);
  const double first = (z3 + z) / 4;
  const double second = (5 * z5 + 16 * z3 + 3 * z) / 96;
  const double third = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384;
  const double fourth = (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / 92160;
  const double v = 1 / static_cast<double>(freedom);
  return z + v * (first + v * (second + v * (third + v * fourth)));
}

}  // namespace husk::compare
