// What two comparisons, A and B, say about every metric of every runner: better, worse, or that it cannot be told.
//
// Two comparisons of the same thing differ: another hour, another mood of the machine, another place in memory. So times
// and rates are judged as ratios to a limit that was measured in the same rounds (what changes the machine changes both),
// and only sizes of memory as they are. Each is tested (statistics/difference.h), the probabilities are adjusted for the
// number of rows that are looked at (Benjamini and Hochberg), and what is below kLeastDifference is not called anything:
// repeated comparisons differ by that much (docs/methodology.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/compare/output/json.h"
#include "tools/compare/statistics/difference.h"

namespace husk::compare {

inline constexpr double kFalseDiscoveries = 0.05;
inline constexpr double kLeastDifference = 0.02;

enum class Verdict {
  kBetter,
  kWorse,
  kCannotTell,  // which is not "alike": Difference::interval says what may be hidden
  kNotJudged
};
const char* name_of(Verdict verdict);  // "better", "worse", "cannot tell", ""

struct Judgement {
  std::string runner;
  std::string metric;
  std::string limit;  // the runner that it was put in a ratio to; empty: judged as it is
  std::optional<Difference> difference;
  double probability = 1;  // adjusted
  Verdict verdict = Verdict::kNotJudged;
  std::string why;  // it is not judged, or there is no difference: "fewer than 8 samples"
};

// Of all metrics that both have of a runner, in the order of A.
std::vector<Judgement> judge(const Document& a, const Document& b);

// For the report page: a list of objects, {"runner", "metric", "limit", "quotient", "interval", "probability", "verdict",
// "why"}; quotient, interval and probability are null where nothing was tested.
std::string format_judgements(const std::vector<Judgement>& judgements);

// What is said of the host and of what was run in one, and otherwise, or not, in the other: "governor: A performance, B
// powersave". The figures may differ for that reason alone.
std::vector<std::string> differences_of_setup(const Document& a, const Document& b);

bool is_same_machine(const Host& a, const Host& b);

// The runner that both can take ratios to: the baseline of A, of B, or the plain process, whichever both have measured.
// A limit with variants and one without are different limits of one name. Empty when there is none.
std::string common_baseline(const Document& a, const Document& b);

}  // namespace husk::compare
