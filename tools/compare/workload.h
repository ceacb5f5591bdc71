// What is run under every runner: one task whose start-up is measured, and further tasks that are timed as a whole.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/compare/runner.h"
#include "vmm/image/cache_dir.h"

namespace husk::compare {

// A command that ends by itself with status 0, timed from exec of the runner to its exit.
struct Task {
  std::string metric;  // metrics.h
  bool is_embedded = true;
  std::vector<std::string> argv;
};

struct Workload {
  std::string description;  // for people
  std::string image;        // as `husk run` takes it: what `argv` of a task lies in
  Task start;               // what start-up, cold start, memory, density are measured with
  std::vector<Task> tasks;
  std::string task_image;  // of the tasks that are not embedded; may be empty
  // How one sees that a command of the user's waits; empty where it does not, and why_not_waiting says so.
  std::optional<Waiting> waiting;
  std::string why_not_waiting;
  std::string ready;           // --ready
  bool ends_by_itself = true;  // or when its input does: its runs can be timed to their end

  bool is_embedded() const { return start.is_embedded; }
};

// The names that `--workload` takes: exit, touch, syscalls, write, python.
std::span<const char* const> workload_names();

// The embedded payload, which is put into a root directory of its own in the cache (once; the directory's name holds a
// hash of its contents), with the tasks that are named (all when none is). `python_image`, when not empty, is an image
// in which to look for Python. Throws husk::Error, also for a name that is not known or cannot be had.
Workload embedded_workload(const image::CacheDir& cache, const std::vector<std::string>& names,
                           const std::string& python_image);

// A command of the user's, which is expected to end by itself with status 0. With `ready` it may also wait, once it has
// written a line with that text.
Workload command_workload(const std::string& image, const std::vector<std::string>& command, const std::string& ready);

// What can be said of the tasks only when the files of `task_image` are there, in this directory. Throws husk::Error
// when the image has not what they need.
void complete(Workload& workload, const std::filesystem::path& files);

// Command lines of the embedded payload (payload/main.cc).
std::vector<std::string> stamp_command();
std::vector<std::string> idle_command();
std::vector<std::string> bench_command(const std::string& name);

}  // namespace husk::compare
