#include "tools/compare/sample.h"

namespace husk::compare {

std::vector<double> values_of(const Series& series) {
  std::vector<double> values;
  values.reserve(series.size());
  for (const Sample& sample : series) values.push_back(sample.value);
  return values;
}

}  // namespace husk::compare
