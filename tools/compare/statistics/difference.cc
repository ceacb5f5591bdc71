#include "tools/compare/statistics/difference.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tools/compare/statistics/batches.h"
#include "tools/compare/statistics/bootstrap.h"
#include "tools/compare/statistics/distributions.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare {
namespace {

struct Estimate {
  double median;
  double batch_error;
  double bootstrap_error;
};

Estimate estimate(std::span<const double> values, std::uint64_t seed) {
  std::vector<double> logarithms;
  for (const double value : values) logarithms.push_back(std::log(value));
  return {median(logarithms), batch_error(logarithms), bootstrap_error(logarithms, seed)};
}

bool can_be_judged(std::span<const double> values) {
  return values.size() >= kLeastForBatches && std::ranges::all_of(values, [](double value) { return value > 0; });
}

double sum_of_squares(double a, double b) {
  return a * a + b * b;
}

// Of an error that is 0 nothing but no difference at all is to be expected.
double tails(double difference, double error, double (*of)(double, unsigned), unsigned degrees) {
  if (error == 0) return difference == 0 ? 1 : 0;
  return of(difference / error, degrees);
}

}  // namespace

std::optional<Difference> find_difference(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
  if (!can_be_judged(a) || !can_be_judged(b)) return std::nullopt;
  const Estimate first = estimate(a, seed);
  const Estimate second = estimate(b, seed);
  const double difference = second.median - first.median;
  const double batch = std::sqrt(sum_of_squares(first.batch_error, second.batch_error));
  const double bootstrap = std::sqrt(sum_of_squares(first.bootstrap_error, second.bootstrap_error));
  constexpr unsigned kOwn = kBatches - 1;
  unsigned degrees = kOwn;
  if (batch > 0) {
    const double fourth = std::pow(first.batch_error, 4) + std::pow(second.batch_error, 4);
    degrees = std::max(kOwn, static_cast<unsigned>(std::floor(std::pow(batch, 4) / (fourth / kOwn))));
  }
  const double by_batches = tails(difference, batch, student_tails, degrees);
  const double by_bootstrap = tails(
      difference, bootstrap, [](double z, unsigned) { return normal_tails(z); }, 0);
  constexpr double kNormal = 1.959964;
  const double half = std::max(student_quantile(1 - kConfidence, degrees) * batch, kNormal * bootstrap);
  return Difference{std::exp(difference),
                    {std::exp(difference - half), std::exp(difference + half)},
                    std::max(by_batches, by_bootstrap)};
}

}  // namespace husk::compare
