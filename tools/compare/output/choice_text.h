// Which variant of a runner was measured, in one sentence.
#pragma once

#include <string>

#include "tools/compare/quickest.h"

namespace husk::compare {

// "kvm-floor is `split`, the quickest of split 0.61 ms, none 0.90 ms, full 16.0 ms (medians of 15 to 60 runs in turns)";
// empty for a runner without variants.
std::string describe(const std::string& runner, const Choice& choice);

}  // namespace husk::compare
