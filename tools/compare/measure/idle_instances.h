// Instances of one runner that wait side by side, in a control group of their own: what their memory is read from.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "tools/compare/measure/memory_group.h"
#include "tools/compare/measure/session.h"

namespace husk::compare {

// As many open files as this process may have, for as long as it lives: each instance takes some (its streams, a pidfd).
class ManyOpenFiles {
 public:
  ManyOpenFiles();
  ~ManyOpenFiles();
  ManyOpenFiles(const ManyOpenFiles&) = delete;
  ManyOpenFiles& operator=(const ManyOpenFiles&) = delete;

  // The command as one that has the limit that was there before: runners close all that they may have open, and hand
  // the limit on to the payload.
  std::vector<std::string> enclose(std::vector<std::string> command) const;
  std::size_t most_instances() const;

 private:
  rlimit before_{};
};

class IdleInstances {
 public:
  IdleInstances(Session& session, Entry& entry) : session_(session), entry_(entry) {}
  ~IdleInstances();  // those that have not ended are ended
  IdleInstances(const IdleInstances&) = delete;
  IdleInstances& operator=(const IdleInstances&) = delete;

  // Starts one more and returns when it waits. `look` is called about every millisecond until then.
  using Look = std::function<void(const std::vector<ProcessMemory>&)>;
  void start(Invocation invocation, const Look& look = {});

  std::size_t size() const { return instances_.size(); }
  std::size_t most() const { return open_files_.most_instances(); }

  // All of them in one sum: what they share with one another counts once.
  struct Memory {
    std::vector<ProcessMemory> processes;
    ProcessMemory sum;
    std::optional<GroupMemory> group;  // absent: why_no_group()
  };
  Memory read();
  const std::string& why_no_group() const { return group_.why_not(); }

  void end();

 private:
  std::vector<ProcessMemory> processes() const;

  Session& session_;
  Entry& entry_;
  ManyOpenFiles open_files_;
  MemoryGroup group_;  // outlives the instances
  std::list<Instance> instances_;
};

}  // namespace husk::compare
