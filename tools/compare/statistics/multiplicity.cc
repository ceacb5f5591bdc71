#include "tools/compare/statistics/multiplicity.h"

#include <algorithm>
#include <cstddef>

namespace husk::compare {
namespace {

std::vector<std::size_t> ascending(std::span<const double> probabilities) {
  std::vector<std::size_t> order(probabilities.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t index) { return probabilities[index]; });
  return order;
}

}  // namespace

std::vector<double> holm(std::span<const double> probabilities) {
  const std::vector<std::size_t> order = ascending(probabilities);
  std::vector<double> adjusted(order.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, probabilities[order[rank]] * static_cast<double>(order.size() - rank));
    adjusted[order[rank]] = std::min(1.0, largest);
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> probabilities) {
  const std::vector<std::size_t> order = ascending(probabilities);
  std::vector<double> adjusted(order.size());
  double least = 1;
  for (std::size_t rank = order.size(); rank-- > 0;) {
    const double count = static_cast<double>(order.size());
    least = std::min(least, probabilities[order[rank]] * count / static_cast<double>(rank + 1));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

}  // namespace husk::compare
