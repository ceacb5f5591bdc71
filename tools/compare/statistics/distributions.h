// Tails of the distributions that the tests here are judged by. Closed forms: whole degrees of freedom are all that is
// needed.
#pragma once

namespace husk::compare {

// The probability that a standard normal value is at least so far from 0, on either side.
double normal_tails(double z);

// The same of Student's t with so many degrees of freedom, at least 1 (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
double student_tails(double t, unsigned degrees);

// The t that is exceeded, on either side, with probability `p` in (0, 1).
double student_quantile(double p, unsigned degrees);

// The probability that chi-square with so many degrees of freedom, at least 1, is at least `x` (the same, 26.4.4 and
// 26.4.5).
double chi_square_tail(double x, unsigned degrees);

}  // namespace husk::compare
