// What is run under every runner: one task whose start-up is measured, and further tasks that are timed as a whole.
#pragma once

#include <filesystem>
#include <optional>
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
  std::string expect{};              // regular expression: the whole of its standard output; empty: it is not looked at
  int limit_ms = 0;                  // of one run; 0: the comparison's
  std::vector<std::string> files{};  // without these in the image it cannot be run
  std::string packages{};            // that have them
  std::string missing{};             // the first of the files that the image has not; known after complete()
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

// The names that `--workload` takes: the embedded payload's (exit, touch, syscalls, write) and those of applications.h.
std::vector<std::string> workload_names();

// The embedded payload, which is put into a root directory of its own in the cache (once; the directory's name holds a
// hash of its contents), with the tasks that are named (all when none is). The applications' are tasks of
// `application_image`, when that is not empty. Throws husk::Error, also for a name that is not known or cannot be had.
Workload embedded_workload(const image::CacheDir& cache, const std::vector<std::string>& names,
                           const std::string& application_image);

// The first of the task's files that the root lacks; empty when it has them all.
std::string missing_file(const Task& task, const std::filesystem::path& root);

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
