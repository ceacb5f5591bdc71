// What a comparison has found: raw samples and facts, from which every output is made.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/compare/host.h"
#include "tools/compare/memory.h"

namespace husk::compare {

// One measured value. Samples of two runners with the same round were taken shortly after one another: they make a
// pair.
struct Sample {
  std::uint32_t round = 0;
  double value = 0;  // in the metric's unit (metrics.h)
};
using Series = std::vector<Sample>;

std::vector<double> values_of(const Series& series);

enum class Status { kMeasured, kNotAvailable, kFailed };

struct RunnerResult {
  std::string name;
  std::string version;
  std::string isolation;  // "none", "namespaces", "user-kernel", "vm", "language"
  bool is_reference = false;
  Status status = Status::kMeasured;
  std::string note;                  // why not measured: "not installed (apt package runc)", "failed: ..."
  std::vector<std::string> command;  // of a start-up run

  std::map<std::string, Series> series;      // by metric id
  std::map<std::string, std::string> notes;  // by metric id: why that cell is empty, "not supported yet: ..."
  std::vector<std::vector<ProcessMemory>> idle_processes;  // which processes made up each idle sample

  // Objects as docs/compare-json.md describes them; null when not looked at.
  nlohmann::ordered_json isolation_facts;
  nlohmann::ordered_json vm_exits;

  const Series* find(const std::string& metric) const;  // null when there are no samples
};

struct ComparisonResult {
  std::string husk_version;
  std::string husk_commit;
  std::string started;     // UTC, ISO 8601
  double seconds = 0;      // how long it took
  bool complete = true;    // false: ended early by the user
  std::uint64_t seed = 0;  // of the random order and of the bootstrap
  Host host;
  std::vector<std::string> warnings;  // about noise, in words
  std::string payload;                // description
  Series payload_pss_bytes;           // the payload alone, as a plain process
  std::vector<RunnerResult> runners;

  const RunnerResult* find(const std::string& runner) const;  // null when it is not there
};

}  // namespace husk::compare
