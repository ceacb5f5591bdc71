#include "tools/compare/output/choice_text.h"

#include <algorithm>
#include <vector>

#include "tools/compare/output/numbers.h"
#include "tools/compare/statistics/quantile.h"

namespace husk::compare {

std::string describe(const std::string& runner, const Choice& choice) {
  if (!choice.has_variants()) return {};
  struct Variant {
    std::string name;
    double median;
  };
  std::vector<Variant> variants;
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  for (const auto& [name, series] : choice.tried) {
    if (series.empty()) continue;
    variants.push_back({name, median(values_of(series))});
    least = std::min(least, series.size());
    most = std::max(most, series.size());
  }
  if (variants.empty()) return runner + " is `" + choice.name + "`";
  std::ranges::sort(variants, {}, &Variant::median);
  std::string tried;
  for (const Variant& variant : variants) {
    tried += (tried.empty() ? "" : ", ") + variant.name + " " + with_unit(variant.median, Unit::kNanoseconds);
  }
  const std::string counts =
      least == most ? std::to_string(most) : std::to_string(least) + " to " + std::to_string(most);
  std::string text =
      runner + " is `" + choice.name + "`, the quickest of " + tried + " (medians of " + counts + " runs in turns";
  if (!choice.is_certain && variants.size() > 1) text += ", which do not tell the first ones apart";
  text += ")";
  for (const auto& [name, why] : choice.failed) text += "; " + name + ": " + why;
  return text;
}

}  // namespace husk::compare
