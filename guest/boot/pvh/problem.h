// Why the kernel cannot be booted: a sentence, and the word or thing that it is about.
#pragma once

#include <string_view>

namespace kernel::pvh {

struct Problem {
  std::string_view what;  // empty: there is none
  std::string_view object;
  explicit operator bool() const { return !what.empty(); }
};

}  // namespace kernel::pvh
