// What is run under every runner.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vmm/image/cache_dir.h"

namespace husk::compare {

struct Workload {
  std::string description;         // for people
  std::string image;               // as `husk run` takes it
  std::vector<std::string> start;  // argv: what start-up is measured with

  // Only the default payload can say when it began and wait to be looked at; empty for a command of the user's.
  std::vector<std::string> stamp;
  std::vector<std::string> idle;

  bool is_embedded() const { return !stamp.empty(); }
};

// Puts the embedded payload into a root directory of its own in the cache (once; the directory's name holds a hash of
// its contents) and returns it as a workload. Throws husk::Error.
Workload default_workload(const image::CacheDir& cache);

// A command of the user's, which is expected to end by itself with status 0.
Workload command_workload(const std::string& image, const std::vector<std::string>& command);

}  // namespace husk::compare
