// What a comparison has found: raw samples, from which the table and the JSON file are made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/compare/memory.h"

namespace husk::compare {

struct RunnerResult {
  std::string name;
  std::string version;
  bool is_reference = false;
  std::string note;  // why there are no samples, or fewer: "not installed (apt package runc)", "failed: ..."
  std::vector<std::string> command;  // of a start-up run

  std::vector<std::uint64_t> start_ns;                     // exec of the runner to its exit
  std::vector<std::uint64_t> first_instruction_ns;         // exec of the runner to the payload's first instruction
  std::vector<std::uint64_t> guest_boot_ns;                // guest kernel's first instruction to the payload's
  std::vector<std::uint64_t> peak_pss_bytes;               // largest sum seen while one instance started and ran
  std::vector<std::uint64_t> idle_pss_bytes;               // sum while the payload waits
  std::vector<std::vector<ProcessMemory>> idle_processes;  // which processes made up each idle sample
};

struct ComparisonResult {
  std::string payload;                           // description
  unsigned runs = 0;                             // asked for, per runner and kind of run
  std::string started;                           // UTC, ISO 8601
  bool complete = true;                          // false: ended early by the user
  std::vector<std::uint64_t> payload_pss_bytes;  // the payload alone, as a plain process
  std::vector<RunnerResult> runners;
};

// The runner with this name, or null.
const RunnerResult* find(const ComparisonResult& result, const std::string& name);

}  // namespace husk::compare
