// Which functions of the host's kernel one run of a runner reaches, as ftrace's function tracer sees them
// (Documentation/trace/ftrace.rst): the measure of a platform's attack surface that its literature uses ("horizontal
// attack profile", Bottomley 2018; Williams and Koller, "Refining the isolation metric", 2018; Anjali, Caraza-Harter and
// Swift, VEE 2020). docs/isolation.md says what is counted and what is not.
//
// Everything is done in a tracefs instance of this comparison's own, so that nothing of another user's tracing is
// touched; compare-guardian removes it where the comparison is killed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/compare/isolation/trace_pages.h"
#include "tools/compare/process.h"

namespace husk::compare {

struct KernelFunctions {
  std::set<std::string> names;  // "[kvm] kvm_arch_vcpu_ioctl_run"; without brackets for the kernel proper
  std::map<std::string, unsigned> by_module;
  std::uint64_t lost_calls = 0;  // the buffer was full: then the names are not all
};

class FunctionTracer {
 public:
  // Throws husk::Error where the kernel has no function tracer, or does not let this process use it.
  FunctionTracer();
  FunctionTracer(const FunctionTracer&) = delete;
  FunctionTracer& operator=(const FunctionTracer&) = delete;

  // Where instances are made, with comparison_id() in their names (guard.h).
  static std::vector<std::string> directories();

  // Runs the command to its end and returns what its tasks have called: from its exec on, its descendants and `others`
  // (daemons that serve it) included, without interrupts. `finish` waits for the end and throws when it fails.
  KernelFunctions trace(const std::vector<std::string>& command, const std::vector<pid_t>& others, int timeout_ms,
                        const std::function<void(Process&)>& finish);

 private:
  struct Symbol {
    std::string name;
    std::string module;
  };

  void read_symbols();
  const Symbol* symbol_at(std::uint64_t address) const;
  void drain(const std::function<void(const FunctionCall&)>& take);

  // Removed when nothing of it is open any more.
  struct Instance {
    std::filesystem::path path;
    Instance() = default;
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;
  };

  Instance instance_;
  FunctionEntryFormat format_;
  std::vector<UniqueFd> pages_;  // one for each processor
  std::map<std::uint64_t, Symbol> symbols_;
  std::uint64_t exec_address_ = 0;  // the kernel's begin_new_exec(): from there on a process is the new program
};

}  // namespace husk::compare
