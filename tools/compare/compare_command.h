// `husk compare`: the options, and what they set in motion.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/compare/outputs.h"

namespace husk::compare {

inline constexpr int kExitNothingMeasured = 1;
inline constexpr int kExitInterrupted = 130;

inline constexpr char kUsualBudget[] = "2m";
inline constexpr char kLongBudget[] = "10m";

struct CompareOptions {
  unsigned runs = 0;
  unsigned density = 0;  // 0: as many as the budget allows, at most 32
  std::string budget;    // empty: kUsualBudget, or kLongBudget with the applications of an image
  std::string timeout = "60s";
  std::string with;                    // runners, separated by commas; empty: all
  std::string workloads;               // separated by commas; empty: all
  std::string payload;                 // "debian": the applications of a Debian root that is made for it
  std::string measure;                 // separated by commas; empty: all
  std::string baseline;                // empty: kvm-floor where there is KVM, else process
  std::string memory = "256M";         // of each run; "none": no limit
  std::string ready;                   // of a command that waits: a line with this text says that it does
  std::vector<std::string> arguments;  // all of the above, as they were given
  std::uint64_t seed = 0;              // 0: a new one
  OutputOptions outputs;
};

void declare(CLI::App& app, CompareOptions& options);

// `rest`: IMAGE [CMD...]. Returns the exit status. Throws husk::Error.
int compare(const CompareOptions& options, const std::vector<std::string>& rest);

// "90s", "2m", "500ms" or plain seconds, as seconds. Throws husk::Error naming `option`.
double parse_duration(const std::string& text, const char* option);

}  // namespace husk::compare
