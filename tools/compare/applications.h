// Workloads that somebody runs, as data: programs of a Debian root, each one command that ends by itself. A new
// one is one row in applications.cc and one metric (metrics.cc).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/compare/workload.h"

namespace husk::compare {

struct Application {
  const char* name;      // as `--workload` takes it
  const char* metric;    // metrics.h
  const char* packages;  // Debian packages that it needs besides those of a minimal root, separated by blanks
  const char* files;     // what it cannot do without, as paths in the root (glob(7)), separated by blanks
  const char* set_up;    // shell script: run once in the root when that is made, so outside every clock; "" for none
  const char* program;   // that is run as PROGRAM -c COMMAND
  const char* command;   // a script of its: what is timed, from exec of the runner to its exit
  const char* argument = "";  // its $0, where several ask the same of a program
  const char* expect;         // regular expression: the whole of its standard output, else the run has failed
  int limit_ms;               // of one run: what takes longer is cut short and its cell says so
};

std::span<const Application> applications();

// Its timed command, as a task of an image.
Task task_of(const Application& application);

// All packages of the table, each once, sorted.
std::vector<std::string> application_packages();

}  // namespace husk::compare
