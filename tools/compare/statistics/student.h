// The factor by which a standard error from few observations becomes half a 95 % interval.
#pragma once

#include <cstddef>

namespace husk::compare {

// Student's t at 97.5 % with so many degrees of freedom. Throws std::invalid_argument below kLeastFreedom of them.
inline constexpr std::size_t kLeastFreedom = 3;
double student_t(std::size_t freedom);

}  // namespace husk::compare
