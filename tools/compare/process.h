// Starting a runner, waiting for it with a time limit, and reading what it writes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/monotonic.h"
#include "common/unique_fd.h"

namespace husk::compare {

class GroupSpawner;

// What is left of a time limit that began at `begin_ns`; not below 0.
int left_of(int limit_ms, std::uint64_t begin_ns);

// Thrown when the user asks the comparison to end (Ctrl-C, SIGTERM, SIGHUP).
struct Interrupted {};

// From here on these signals do not end this process, but every wait below by an Interrupted.
void catch_interrupts();

// After an Interrupted was caught: waits work again.
void acknowledge_interrupt();

// While one exists no wait is interrupted: for tidying up, during which the user may well press Ctrl-C again.
class Uninterruptible {
 public:
  Uninterruptible();
  ~Uninterruptible();
  Uninterruptible(const Uninterruptible&) = delete;
  Uninterruptible& operator=(const Uninterruptible&) = delete;
};

// A child process in a process group of its own. Destroyed while it still runs, it and its group are killed: first
// politely (its standard input ends, SIGTERM), so that it can clean up, then not.
class Process {
 public:
  enum class Streams {
    kNone,   // standard input and output are /dev/null
    kPipes,  // both are pipes to this process
    kFile    // standard output is a memory file, so that who writes is never kept waiting: output()
  };

  // Throws husk::Error when the program cannot be started. The start time is taken just before. With `group` the
  // process is born in that control group.
  static Process start(const std::vector<std::string>& command, Streams streams, GroupSpawner* group = nullptr);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) = delete;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  std::uint64_t start_ns() const { return start_ns_; }

  // Waits for the end; once it has come, returns at once. False when `timeout_ms` pass first. Throws Interrupted.
  bool wait(int timeout_ms);

  // Without waiting: whether it has ended (and has been waited for then).
  bool has_ended() { return wait(0); }

  // Reads at most `count` bytes of output: fewer at its end or when `timeout_ms` have passed in all. Throws
  // Interrupted.
  std::string read_output(std::size_t count, int timeout_ms);

  // What it has written so far with Streams::kFile, `most` bytes at the most.
  std::string output(std::size_t most) const;

  void close_input() { input_.reset(); }

  // Ends it and its group now, as the destructor does.
  void end(int patience_ms = 2000);

  // After wait() has returned true.
  std::uint64_t end_ns() const { return end_ns_; }
  int exit_status() const { return exit_status_; }                      // 128+n after signal n
  std::uint64_t peak_resident_bytes() const { return peak_resident_; }  // largest resident set of it or one descendant

  // The last line of what it wrote to standard error: the payload may have written there too, but the runner had the
  // last word on why it failed.
  std::string last_error_line() const;
  // All of it so far; of much the end.
  std::string errors() const;

 private:
  friend std::size_t wait_any(std::span<Process* const> processes, int timeout_ms);
  friend std::size_t wait_any_until(std::span<Process* const> processes, std::uint64_t until_ns);
  Process() = default;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;  // a memory file: a runner that writes much cannot block
  std::uint64_t start_ns_ = 0;
  std::uint64_t end_ns_ = 0;
  std::uint64_t peak_resident_ = 0;
  int exit_status_ = -1;
};

// Waits until one of those that are there (not null) has ended and returns its index; the size of `processes` when
// `timeout_ms` pass first. Throws Interrupted.
std::size_t wait_any(std::span<Process* const> processes, int timeout_ms);
// The same, until a moment of monotonic_ns(); those that have ended before it are seen also when it has passed.
std::size_t wait_any_until(std::span<Process* const> processes, std::uint64_t until_ns);

// From here on a process whose parent has ended becomes a child of this one, not of init
// (PR_SET_CHILD_SUBREAPER(2const)): whatever a runner leaves running, a monitor of its container say, stays in sight.
// Children that are there already came with exec from whoever started husk, and are none of its business.
void adopt_orphans();

// Children of this process that it did not start and that came after adopt_orphans().
std::vector<pid_t> orphans();

// Waits until there are none any more. Returns false when `patience_ms` have passed first: then they were killed.
// Throws husk::Error when even that did not end them in as long again, or in ten seconds. Not interruptible, as tidying up must not be.
bool settle_orphans(int patience_ms);

// Runs a command to its end and returns its standard output, or nothing if it cannot be started or fails.
std::optional<std::string> output_of(const std::vector<std::string>& command);

// The first line of what the program writes with --version.
std::string version_of(const std::string& program);

// The program's path as PATH gives it, or empty.
std::string find_program(const std::string& name);

}  // namespace husk::compare
