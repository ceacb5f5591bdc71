// One comparison from beginning to end: which measurements are made, in which order.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tools/compare/measure/session.h"
#include "tools/compare/scratch.h"
#include "tools/compare/workload.h"

namespace husk::compare {

// The names that `--measure` takes.
enum class Measurement { kStartUp, kWorkloads, kMemory, kDensity, kSpeed, kIsolation, kImageSize };
inline constexpr const char* kMeasurementNames[] = {"start-up", "workloads", "memory",    "density",
                                                    "speed",    "isolation", "image-size"};

struct Comparison {
  Workload workload;
  std::vector<std::unique_ptr<Runner>> runners;
  std::set<Measurement> measurements;
  SessionOptions options;
  Settings settings;
};

// Runs everything. A runner that is not there or fails is a row that says so. When the user interrupts, what is known
// so far is returned and `complete` is false. Throws husk::Error where nothing can be measured at all, and when one of
// Settings::measurements cannot be made of this workload.
ComparisonResult run(Comparison& comparison, const image::CacheDir& cache, const ProgressCallback& progress);

}  // namespace husk::compare
