// What is measured: the one list that the table, the JSON and CSV files, the report page and docs/methodology.md share.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace husk::compare {

enum class Unit { kNanoseconds, kBytes, kBytesPerSecond, kPerSecond };
enum class Group { kStartUp, kPhases, kWorkloads, kMemory, kDensity, kSpeed, kImageSize };

struct Metric {
  std::string_view id;  // as in JSON; a metric with a parameter is written id@parameter: start_rate@4
  Group group;
  std::string_view title;
  Unit unit;
  bool higher_is_better = false;
};

std::span<const Metric> metrics();

// By id, with or without a parameter; null when there is none.
const Metric* find_metric(std::string_view id);

// "start_rate", 4 -> "start_rate@4"
std::string with_parameter(std::string_view id, unsigned parameter);
// "start_rate@4" -> "4"; empty without one
std::string_view parameter_of(std::string_view id);

std::string_view name_of(Unit unit);    // "ns"
std::string_view name_of(Group group);  // "start_up"

}  // namespace husk::compare
