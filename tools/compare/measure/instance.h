// One run of one runner: the root that is made for it, its command line, its process, and its clock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/compare/memory_limit.h"
#include "tools/compare/process.h"
#include "tools/compare/roots.h"

namespace husk::compare {

class Instance {
 public:
  Instance(FreshRoot root, MemoryLimit::Place place, std::vector<std::string> command, Waiting waiting)
      : root_(std::move(root)), place_(std::move(place)), command_(std::move(command)), waiting_(std::move(waiting)) {}

  // As it was prepared; a measurement may put a program before it (strace).
  std::vector<std::string>& command() { return command_; }
  const Root& root() const { return root_.root(); }

  // For whoever does not call start().
  void make_root() { root_.make(); }

  // A root that is to be ready is made first; then the clock starts.
  void start(Process::Streams streams);

  // Of all processes that take part in the run, but for those that were left to this process (orphans()): its own, and
  // the daemons'. Only after start().
  std::vector<pid_t> roots() const;

  Process& process() { return *process_; }
  const Process& process() const { return *process_; }

  // Its command leaves the payload behind when it ends. What that writes comes to the file; empty: to the pipe.
  void detach(std::filesystem::path output) {
    is_detached_ = true;
    output_file_ = std::move(output);
  }
  bool is_detached() const { return is_detached_; }

  // What takes part in its run without being below its process (Runner::daemons()).
  void served_by(std::function<std::vector<pid_t>()> daemons) { daemons_ = std::move(daemons); }

  const Waiting& waiting() const { return waiting_; }
  // Looks for `wait_ms` whether what it waits by is to be seen. Throws Interrupted.
  bool looks_idle(int wait_ms);
  void release();  // lets go on what looks_idle() has stopped

  // After its process has ended: the root goes, and where it was made while the clock ran, the clock stops after that.
  void remove_root();

  std::uint64_t begin_ns() const { return begin_ns_; }
  std::uint64_t duration_ns() const;  // after its end

 private:
  bool is_root_timed() const { return root_.root().form != RootForm::kReady; }
  std::string read_output(std::size_t count, int wait_ms);
  bool has_line(int wait_ms);
  bool is_still(int wait_ms);
  static std::vector<pid_t> all_processes(std::vector<pid_t> roots);
  std::vector<pid_t> since_its_start(std::vector<pid_t> pids) const;

  FreshRoot root_;
  MemoryLimit::Place place_;
  std::vector<std::string> command_;
  Waiting waiting_;
  std::optional<Process> process_;  // ends before its root
  bool is_idle_ = false;
  bool is_detached_ = false;
  std::function<std::vector<pid_t>()> daemons_;
  std::vector<pid_t> before_;  // processes that were there before it
  std::filesystem::path output_file_;
  std::size_t output_read_ = 0;  // bytes of that file
  std::string output_;           // to look for the line in
  std::vector<pid_t> held_;      // that were stopped at the line
  std::uint64_t ticks_ = 0;      // of processor time, when it was last seen to use some
  std::uint64_t still_since_ns_ = 0;
  std::uint64_t begin_ns_ = 0;
  std::uint64_t root_gone_ns_ = 0;
};

}  // namespace husk::compare
