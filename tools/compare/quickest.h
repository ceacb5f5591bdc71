// Some runners can be had in several variants, and what a host is quickest at is not known before it is tried: the kinds
// of interrupt controller of the KVM floor, say. The variants are timed here in turns, and the quickest is taken.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/compare/sample.h"

namespace husk::compare {

// Which variant a runner was measured in, and why that one.
struct Choice {
  std::string name;                           // of the quickest; empty for a runner that has no variants
  std::map<std::string, Series> tried;        // by variant, in ns
  std::map<std::string, std::string> failed;  // by variant: why it cannot be had here
  bool is_certain = false;                    // every other variant was told apart from it

  bool has_variants() const { return !name.empty(); }
  friend bool operator==(const Choice&, const Choice&) = default;
};

// `time_run` makes one run of a variant and returns how long it took, in ns; it throws husk::Error when that variant
// cannot be had, which then has no further run. Throws the last of these errors when none can.
//
// The variants take turns in every order, so that a change of the machine's speed, and what one leaves to the next, hit
// all alike. One that is slower than the quickest by the 95 % interval of their paired ratio has no further run; it ends
// when one is left, or after kMostTries. Looking several times makes it likelier than 5 % that the slower of two that are
// nearly alike is taken, which then costs as little as they differ. The times of the choice are never those of the
// comparison: what was taken is measured anew.
Choice choose_quickest(const std::vector<std::string>& variants,
                       const std::function<double(const std::string& variant)>& time_run);

inline constexpr unsigned kLeastTries = 15;  // of each variant that can be had, without the warm-up
inline constexpr unsigned kMostTries = 60;

}  // namespace husk::compare
