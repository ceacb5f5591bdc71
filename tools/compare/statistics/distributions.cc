#include "tools/compare/statistics/distributions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace husk::compare {

double normal_tails(double z) {
  return std::erfc(std::abs(z) / std::numbers::sqrt2);
}

double student_tails(double t, unsigned degrees) {
  const double angle = std::atan(std::abs(t) / std::sqrt(static_cast<double>(degrees)));
  const double cosine = std::cos(angle);
  const bool is_odd = degrees % 2 == 1;
  // The series ends with the power degrees - 2 of the cosine.
  double term = is_odd ? cosine : 1;
  double sum = degrees == 1 ? 0 : term;
  for (unsigned power = is_odd ? 1 : 0; power + 2 + 2 <= degrees; power += 2) {
    term *= cosine * cosine * (power + 1) / (power + 2);
    sum += term;
  }
  const double inside = is_odd ? 2 / std::numbers::pi * (angle + std::sin(angle) * sum) : std::sin(angle) * sum;
  return std::clamp(1 - inside, 0.0, 1.0);
}

double student_quantile(double p, unsigned degrees) {
  double low = 0;
  double high = 1;
  while (student_tails(high, degrees) > p) high *= 2;
  constexpr int kHalvings = 100;  // more than a double has digits
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (student_tails(middle, degrees) > p ? low : high) = middle;
  }
  return high;
}

double chi_square_tail(double x, unsigned degrees) {
  if (x <= 0) return 1;
  const double half = x / 2;
  // Q(x | n + 2) = Q(x | n) + half^(n/2) e^-half / Gamma(n/2 + 1)
  const bool is_odd = degrees % 2 == 1;
  double tail = is_odd ? std::erfc(std::sqrt(half)) : std::exp(-half);
  for (unsigned n = is_odd ? 1 : 2; n + 2 <= degrees; n += 2) {
    tail += std::exp(n / 2.0 * std::log(half) - half - std::lgamma(n / 2.0 + 1));
  }
  return std::min(1.0, tail);
}

}  // namespace husk::compare
