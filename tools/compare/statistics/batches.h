// The standard error of a median by batches: the sample is cut into a few long parts, and how much the parts' medians
// differ tells how much the median of all may be off. Whatever lasts for up to a part is in it, with nothing assumed
// about how it comes and goes (Schmeiser 1982, "Batch size effects in the analysis of simulation output", has the
// trade-off between few and many batches).
#pragma once

#include <cstddef>
#include <span>

namespace husk::compare {

// As many as the slices in which the comparison takes its start-up times (comparison.cc, kStartSlices), which are about
// equally long: a batch is about a slice, a look at the machine of its own.
inline constexpr std::size_t kBatches = 4;
inline constexpr std::size_t kLeastForBatches = 2 * kBatches;

// `values` in the order in which they were taken. Throws std::invalid_argument below kLeastForBatches of them.
double batch_error(std::span<const double> values);

}  // namespace husk::compare
