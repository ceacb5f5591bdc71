// Names in a directory, as many as a case wants.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/scale/scale.h"

namespace scale {

struct Name {
  char text[24];
  explicit Name(unsigned index) { std::snprintf(text, sizeof text, "n%u", index); }
};

// A directory of its own for each run; what is in it afterwards stays until the machine goes.
inline void enter_directory() {
  char path[] = "dXXXXXX";
  check(::mkdtemp(path) != nullptr && ::chdir(path) == 0, "mkdtemp", 0);
}

}  // namespace scale
