// The frame of every measurement: rounds, in which all runners take their turn in a new random order, until the figures
// are known well enough or the time is up.
//
// Interleaved (A B C, B A C, ...) so that a change of the machine's speed hits all runners alike; in random order so
// that no runner always runs after the same other one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/compare/measure/instance.h"
#include "tools/compare/metrics.h"
#include "tools/compare/process.h"
#include "tools/compare/result.h"
#include "tools/compare/runner.h"

namespace husk::compare {

struct SessionOptions {
  double budget_s = 60;     // for all stages together
  unsigned runs = 0;        // exact number of rounds of the start-up stages; 0: as the budget allows
  int timeout_ms = 30'000;  // for one run
  int patience_ms = 5'000;  // for what a run leaves in the background: then it is killed
  std::uint64_t seed = 0;
  std::string baseline{};          // the runner that ratios are taken to
  unsigned density = 0;            // so many idle instances at a time; 0: 32, or fewer where they take long to start
  std::uint64_t memory_bytes = 0;  // the limit of every run; 0: none
};

struct Entry {
  Runner* runner = nullptr;
  RunnerResult result;
  bool usable = true;
  bool is_untidy = false;          // runs of it were ended, and may have left what Runner::clean_up removes
  std::set<std::string> files;     // that a run opens, once they are known: as the host or as the payload sees them
  double stage_seconds = 0;        // that its runs have taken in the current stage
  unsigned stage_runs = 0;         // how many those were
  std::set<std::string> too_slow;  // stages, by their first metric, all of whose time its runs need: it has left them
  std::uint64_t begin_ns = 0;      // of the comparison

  void add(const std::string& metric, unsigned round, double value) {
    result.series[metric].push_back({round, value, static_cast<double>(monotonic_ns() - begin_ns) / 1e9});
  }
};

struct Stage {
  const char* title;
  double share;  // of the time that is left, in parts of the sum over this stage and all later ones
  unsigned least_rounds;
  unsigned most_rounds;
  unsigned warm_up = 0;              // rounds before, whose samples are thrown away
  std::vector<std::string> metrics;  // what it fills in; [0] is watched: narrow enough means done
  bool is_essential = false;         // a runner that fails here is left out of everything that follows
  bool with_references = false;      // the limits take part
  bool with_hardened = false;        // hardened forms of other runners take part
  bool with_emulated = false;        // runners with Runner::why_no_times() take part
  bool may_cut_runs = false;         // a run that takes far more than the stage's time is ended, and a note says so
  int limit_ms = 0;                  // of one run; 0: that of all runs

  // Part `index` of `count` of a stage whose rounds are spread over the whole comparison, so that the figures are not
  // those of one mood of the machine. Rounds are counted on from part to part.
  Stage slice(unsigned index, unsigned count) const;
  unsigned slice_index = 0;
  unsigned slice_count = 1;
};

// Called before each run: `done` in 0..1, what is measured now, and how many seconds are probably left.
using ProgressCallback = std::function<void(double done, const std::string& what, double seconds_left)>;

// A runner cannot do what is measured, and never will: "only the embedded payload". No failure.
class NotPossible : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A run ended, but not as it should have.
class RunFailed : public std::runtime_error {
 public:
  RunFailed(const std::string& what, std::string last_words)
      : std::runtime_error(what), last_words_(std::move(last_words)) {}
  const std::string& last_words() const { return last_words_; }  // its standard error

 private:
  std::string last_words_;
};

class Session {
 public:
  Session(const Context& context, const SessionOptions& options, ProgressCallback progress);

  // Detects and prepares it. One that is not there becomes a row that says so.
  void add(Runner& runner);

  // What Stage::share is a part of: the shares of all stages that will be run.
  void plan(double total_share);

  // `body` makes one run of one runner and adds its samples. An exception of it is a note in the runner's row or
  // cells, never the end of the comparison, but for Interrupted.
  using Body = std::function<void(Entry& entry, unsigned round)>;
  void run(const Stage& stage, const Body& body);

  // The next run of this entry, with a root of its own. Throws NotPossible where the runner objects, or there is no
  // such root.
  Instance prepare(Entry& entry, Invocation invocation) const;
  Instance start(Entry& entry, const Invocation& invocation, Process::Streams streams) const;

  // For an instance with Invocation::waiting: looks for `wait_ms` whether it has come to wait. Throws husk::Error when
  // it has ended before, or has needed longer than a run may.
  bool has_come_to_wait(Instance& instance, const Entry& entry, int wait_ms) const;

  void wait_until_idle(Instance& instance, const Entry& entry) const;

  // What the stage is to take of the budget, as it was planned.
  double planned_seconds(const Stage& stage) const { return options_.budget_s * stage.share / share_total_; }

  // How much of the longest time that one run may take this one has left.
  int left_ms(const Process& process) const;

  // Ends a process that must succeed by itself; throws RunFailed if it does not.
  void finish(Process& process, const Entry& entry) const;

  // The same, and its root goes.
  void finish(Instance& instance, const Entry& entry) const;

  // Ends one that has come to wait.
  void finish_idle(Instance& instance, Entry& entry) const;

  // The next command line for this entry. Throws NotPossible where the runner objects.
  std::vector<std::string> command(Entry& entry, const Invocation& invocation) const;

  // Removes what runs of it that were killed have left. Never throws; the row says what could not be removed.
  void clean_up(Entry& entry) const;
  void clean_up_all();

  // Waits for what its runs have left in the background, the clean-up of a container say, which must not disturb the
  // next run. Throws husk::Error when it has to be killed.
  void settle(Entry& entry) const;

  const Context& context() const { return context_; }
  const SessionOptions& options() const { return options_; }
  std::vector<Entry>& entries() { return entries_; }
  // By the first metric of a stage: the rounds at which its slices begin.
  const std::map<std::string, std::vector<std::uint32_t>>& slices() const { return slices_; }

 private:
  bool is_narrow(const std::vector<Entry*>& entries, const std::string& metric) const;
  std::pair<unsigned, unsigned> rounds_of(const Stage& stage) const;
  enum class Turn { kGoesOn, kTooSlow, kLeaves };
  Turn take_turn(Entry& entry, const Stage& stage, const Body& body, unsigned round, double stage_budget_s);
  static unsigned period_of(const Entry& entry, const std::vector<Entry*>& all);
  static void leave(Entry& entry, const Stage& stage, const std::string& why);
  static void fail(Entry& entry, const Stage& stage, const std::exception& error);
  static void say_too_slow(Entry& entry, const Stage& stage, unsigned rounds);
  void show(const Stage& stage, const Entry& entry, unsigned round, double stage_part);

  const Context& context_;
  SessionOptions options_;
  ProgressCallback progress_;
  std::vector<Entry> entries_;
  std::map<std::string, unsigned> rounds_;  // that a stage has had, by its first metric
  std::map<std::string, std::vector<std::uint32_t>> slices_;
  std::mt19937_64 random_;
  std::unique_ptr<MemoryLimit> limit_;
  std::uint64_t start_ns_;
  std::optional<int> cut_ms_;  // in a stage that may cut runs
  const char* cut_reason_ = "";
  double share_left_ = 1;
  double share_total_ = 1;
};

}  // namespace husk::compare
