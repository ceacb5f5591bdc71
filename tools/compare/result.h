// What a comparison has found: raw samples and facts, from which every output is made.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/compare/host.h"
#include "tools/compare/memory.h"
#include "tools/compare/quickest.h"
#include "tools/compare/sample.h"

namespace husk::compare {

enum class Status { kMeasured, kNotAvailable, kFailed };

// What was asked for: what somebody needs who wants to make the same comparison.
struct Settings {
  std::vector<std::string> arguments;  // of `husk compare`, as they were given
  double budget_s = 0;
  unsigned runs = 0;  // 0: as the budget allows
  double timeout_s = 0;
  std::uint64_t memory_bytes = 0;  // of every run; 0: no limit
  std::vector<std::string> measurements;
  std::string ready;  // --ready
};

// What the payload's root was made of.
struct ImageFacts {
  std::string given;      // as the user named it; empty: the embedded payload's own
  std::string directory;  // that was imported; empty where IMAGE is an imported one
  std::string digest;     // image_digest.h; empty where it could not be read
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

struct RunnerResult {
  std::string name;
  std::string version;
  std::string isolation;  // "none", "namespaces", "user-kernel", "vm", "language"
  bool is_reference = false;
  std::string hardened_form_of{};  // another runner; empty for one that stands for itself
  Status status = Status::kMeasured;
  std::string note;                      // why not measured: "not installed (apt package runc)", "failed: ..."
  std::vector<std::string> command;      // of a start-up run
  nlohmann::ordered_json configuration;  // what that command line reads besides (an OCI configuration); or null
  std::string memory_limit;              // how -m was applied: "its own option", "a control group", "none: why"
  std::string last_words;                // standard error of the first run that failed, of much the end
  Choice choice;                         // of a runner that has variants

  std::map<std::string, Series> series;      // by metric id
  std::map<std::string, std::string> notes;  // by metric id: why that cell is empty, "not supported yet: ..."
  std::vector<std::vector<ProcessMemory>> idle_processes;      // which processes made up each idle sample
  std::vector<std::vector<ProcessMemory>> detached_processes;  // and each of the detached form
  // Of runs that were to be samples of a metric, by its id: how many there were, and how many failed.
  struct Failures {
    std::uint64_t failed = 0;
    std::uint64_t of = 0;
  };
  std::map<std::string, Failures> failures;

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
  std::vector<std::string> warnings;  // about noise and drift, in words
  // By metric: the rounds at which the slices begin in which it was measured.
  std::map<std::string, std::vector<std::uint32_t>> slices;
  std::string payload;  // description
  std::vector<std::string> payload_command;
  Settings settings;
  ImageFacts image;
  Series payload_pss_bytes;  // the payload alone, as a plain process
  std::vector<RunnerResult> runners;

  const RunnerResult* find(const std::string& runner) const;  // null when it is not there
};

}  // namespace husk::compare
