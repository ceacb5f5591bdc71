// The program that a process runs, as execve(2) left it: /proc/PID/exe, cmdline, environ.
#pragma once

#include <cstdint>

#include "lib/ref.h"
#include "lib/string.h"

namespace kernel::fs {
class File;
}

namespace kernel::task {

// User addresses in the stack that execve(2) built. The payload may have written there since.
struct UserText {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

struct RunningProgram {
  Ref<fs::File> executable;  // null in a zombie
  String path;
  UserText arguments;
  UserText environment;
  UserText auxiliary;            // getauxval(3)
  std::uint64_t generation = 0;  // how often this process has called execve(2) with success

  bool executed() const { return generation != 0; }  // since it was forked
};

}  // namespace kernel::task
