// Which system calls a run really makes, and which files it opens, as strace(1) sees it: one run of its own, never
// timed.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/compare/process.h"

namespace husk::compare {

struct Observation {
  std::map<std::string, unsigned> calls;  // of all processes of the run, by name
  std::set<std::string> files;            // absolute paths that were opened or executed
};

// Parses what `strace -f -qq -o FILE` has written.
Observation parse_strace(const std::string& text);

// Runs the command under strace. `finish` waits for its end, and throws when it fails or takes too long. Throws
// husk::Error when strace is not there.
Observation observe(const std::vector<std::string>& command, const std::string& output_file,
                    const std::function<void(Process&)>& finish);

}  // namespace husk::compare
