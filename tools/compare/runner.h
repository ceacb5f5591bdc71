// One way to run a payload, as a command line that somebody could type. A new runner is one class and one line in
// runners/all.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/compare/workload.h"

namespace husk::compare {

// What the payload is to do in one run.
enum class Phase {
  kStart,  // Workload::start: exec of the runner to its exit is timed
  kStamp,  // Workload::stamp
  kIdle,   // Workload::idle
};

struct Availability {
  bool available = false;
  std::string version;  // when available
  std::string reason;   // when not: "not installed (apt package runc)"
};

// Where the runners put files, and the root file system for those that take a directory.
struct Context {
  std::filesystem::path scratch;  // private, removed at the end
  std::filesystem::path root;     // the workload's image
  bool root_is_private = false;   // false: `root` is the user's directory and must not be written to
  std::filesystem::path husk;     // the husk command
};

class Runner {
 public:
  virtual ~Runner() = default;

  virtual std::string name() const = 0;
  virtual Availability detect(const Workload& workload, const Context& context) const = 0;

  // Once, before the first run; not timed. Throws husk::Error.
  virtual void prepare(const Workload&, const Context&) {}

  // The command line of the next run. It may differ from call to call (runc wants a new container name each time).
  virtual std::vector<std::string> command(const Workload& workload, Phase phase) = 0;

  // When the payload of the stamp run that has just ended executed its first instruction: CLOCK_MONOTONIC in ns.
  // `output` is what the payload wrote. Nothing when the runner cannot tell.
  virtual std::optional<std::uint64_t> first_instruction(const std::string& output) const;

  // From the guest kernel's first instruction to the payload's in that run, in ns; for runners that boot a kernel.
  virtual std::optional<std::uint64_t> guest_boot() const { return std::nullopt; }

  // After a run that was killed: removes what the runner could not.
  virtual void clean_up() {}

  // A limit to compare with, not a way to isolate anything: only its start-up is measured.
  virtual bool is_reference() const { return false; }

 protected:
  // Workload::start, stamp or idle.
  static const std::vector<std::string>& payload(const Workload& workload, Phase phase);
};

std::vector<std::unique_ptr<Runner>> all_runners();

}  // namespace husk::compare
