// Finds the processes through which a payload reaches the host, and makes sure that they are what they are taken for.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tools/compare/process.h"
#include "tools/compare/runner.h"

namespace husk::compare {

// The payload's image: its files, and the root directory of this run that is made of them where the runner gets one.
struct PayloadImage {
  std::filesystem::path files;
  std::filesystem::path directory;
};

struct BoundaryProcesses {
  std::vector<pid_t> pids;  // parents before their children
  std::vector<std::string>
      programs;  // the executables of all processes of the run, for an error that says what was there
};

// Among `roots`, their descendants, and what these have left to this process (orphans() in process.h). The payload is
// told by its executable: the file at Boundary::program of the image (where that is empty: at any path of it), or one with
// the same path and contents, in a root directory that is not the host's. Throws husk::Error where a process that has a vCPU is not the VMM that was started.
BoundaryProcesses find_boundary(std::vector<pid_t> roots, const Boundary& boundary, const PayloadImage& image);

// The same, once there are such processes: a payload that has been executed, a VMM whose guest has begun to run. `roots`
// are asked for again and again: a daemon starts what serves a run while it runs. Throws husk::Error when `process`, which
// is the run, ends or `timeout_ms` pass first.
using Roots = std::function<std::vector<pid_t>()>;
std::vector<pid_t> wait_for_boundary(Process& process, const Roots& roots, const Boundary& boundary,
                                     const PayloadImage& image, int timeout_ms);

// Stops processes, so that they can be looked at whatever they are about to do, and lets them go on when it ends.
class Frozen {
 public:
  explicit Frozen(std::vector<pid_t> pids);
  ~Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace husk::compare
