// Many tests at a time: of a hundred that find nothing, five are below 5 % by chance. What is returned are adjusted
// probabilities, in the order of the argument, to be compared with the level that all tests together are to have.
#pragma once

#include <span>
#include <vector>

namespace husk::compare {

// Holm (1979), "A simple sequentially rejective multiple test procedure": keeps the probability of a single false alarm
// below the level, whatever the tests have to do with one another.
std::vector<double> holm(std::span<const double> probabilities);

// Benjamini and Hochberg (1995), "Controlling the false discovery rate": keeps the expected part of false ones among
// those that are found below the level; where nothing differs at all, that is the probability of a single false alarm.
// For independent tests, and for those that depend positively (Benjamini and Yekutieli 2001), as rows of one table do.
std::vector<double> benjamini_hochberg(std::span<const double> probabilities);

}  // namespace husk::compare
