#include "tools/compare/measure/idle_instances.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace husk::compare {

ManyOpenFiles::ManyOpenFiles() {
  getrlimit(RLIMIT_NOFILE, &before_);
  const rlimit all{before_.rlim_max, before_.rlim_max};
  setrlimit(RLIMIT_NOFILE, &all);
}

ManyOpenFiles::~ManyOpenFiles() {
  setrlimit(RLIMIT_NOFILE, &before_);
}

std::vector<std::string> ManyOpenFiles::enclose(std::vector<std::string> command) const {
  if (before_.rlim_cur == before_.rlim_max) return command;
  std::vector<std::string> enclosed = {"/bin/sh", "-c", "ulimit -S -n \"$0\" && exec \"$@\"",
                                       std::to_string(before_.rlim_cur)};
  enclosed.insert(enclosed.end(), command.begin(), command.end());
  return enclosed;
}

std::size_t ManyOpenFiles::most_instances() const {
  constexpr rlim_t kOfThis = 200;  // of the comparison itself
  constexpr rlim_t kOfEach = 6;
  return before_.rlim_max > kOfThis + kOfEach ? (before_.rlim_max - kOfThis) / kOfEach : 1;
}

IdleInstances::~IdleInstances() {
  if (instances_.empty()) return;
  instances_.clear();
  session_.clean_up(entry_);  // what has no process of this one's any more: a container in the background
}

void IdleInstances::start(Invocation invocation, const Look& look) {
  constexpr int kLookMs = 1;
  constexpr int kWaitMs = 100;
  invocation.has_own_group = true;
  Instance instance = session_.prepare(entry_, std::move(invocation));
  instance.command() = group_.enclose(open_files_.enclose(instance.command()));
  instance.start(Process::Streams::kPipes);
  instances_.push_back(std::move(instance));
  do {
    if (look) look(memory_of_trees(instances_.back().roots()));
  } while (!session_.has_come_to_wait(instances_.back(), entry_, look ? kLookMs : kWaitMs));
}

std::vector<ProcessMemory> IdleInstances::processes() const {
  std::vector<pid_t> roots;
  for (const Instance& instance : instances_) roots.push_back(instance.process().pid());
  std::ranges::copy(entry_.runner->daemons(),
                    std::back_inserter(roots));  // one serves all of them, and is there for them
  return memory_of_trees(std::move(roots));
}

IdleInstances::Memory IdleInstances::read() {
  Memory memory;
  memory.processes = processes();
  memory.sum = total(memory.processes);
  memory.group = group_.read(memory.processes);
  return memory;
}

void IdleInstances::end() {
  for (Instance& instance : instances_) session_.finish_idle(instance, entry_);
  instances_.clear();
  session_.settle(entry_);  // the group goes with the last of its processes
}

}  // namespace husk::compare
