// Many instances at a time: what n idle ones take, and how many can be started in a second.
#include <time.h>

#include <algorithm>
#include <fstream>
#include <list>
#include <optional>
#include <thread>

#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr unsigned kInstances[] = {1, 2, 4, 8};
constexpr std::uint64_t kRateWindowNs = 400'000'000;
constexpr int kSettleMs = 150;

// 1, 2, 4, ... up to twice as many as there are cores: beyond, more at a time only wait for one another.
std::vector<unsigned> parallel_starts() {
  std::vector<unsigned> counts;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned count = 1; count <= 2 * cores; count *= 2) counts.push_back(count);
  return counts;
}

// Memory that the kernel could still give away without swapping (proc(5), MemAvailable): counts what no PSS counts.
std::int64_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view kKey = "MemAvailable:";
    if (line.starts_with(kKey)) return std::stoll(line.substr(kKey.size())) * 1024;
  }
  throw Error("read", "/proc/meminfo", "it has no MemAvailable");
}

void settle() {
  const timespec pause{0, kSettleMs * 1'000'000L};
  nanosleep(&pause, nullptr);
}

void record_instances(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  settle();  // what the run before this one has freed is to be there
  const std::int64_t before = available_bytes();
  std::list<Instance> instances;
  double first_pss = 0;
  double first_system = 0;
  for (const unsigned count : kInstances) {
    while (instances.size() < count) {
      instances.push_back(session.start(entry, subject.idle(), Process::Streams::kPipes));
      session.wait_until_idle(instances.back(), entry);
    }
    settle();
    // All trees in one sum: what the instances share with one another counts once.
    std::vector<pid_t> roots;
    for (const Instance& instance : instances) roots.push_back(instance.process().pid());
    const auto pss = static_cast<double>(total(memory_of_trees(std::move(roots))).pss_bytes);
    const auto system = static_cast<double>(before - available_bytes());
    entry.add(with_parameter("total_pss_bytes", count), round, pss);
    entry.add(with_parameter("total_system_bytes", count), round, system);
    if (count == kInstances[0]) {
      first_pss = pss;
      first_system = system;
    } else if (count == *std::rbegin(kInstances)) {
      const double more = count - kInstances[0];
      entry.add("additional_pss_bytes", round, (pss - first_pss) / more);
      entry.add("additional_system_bytes", round, (system - first_system) / more);
    }
  }
  for (Instance& instance : instances) session.finish_idle(instance, entry);
}

// Keeps `parallel` runs going for a while; at the end of the window those that run are waited for, and count, as does
// the time that they take.
double measure_rate(Session& session, const Subject& subject, Entry& entry, unsigned parallel) {
  const auto start = [&] { return session.start(entry, subject.start(RootForm::kMade), Process::Streams::kNone); };
  const std::uint64_t begin = monotonic_ns();
  std::uint64_t end = begin;
  std::vector<std::optional<Instance>> lanes(parallel);
  for (std::optional<Instance>& lane : lanes) lane.emplace(start());
  std::vector<Process*> processes(parallel);
  double ended = 0;
  for (std::size_t running = parallel; running > 0;) {
    for (std::size_t i = 0; i < parallel; ++i) processes[i] = lanes[i] ? &lanes[i]->process() : nullptr;
    const std::size_t index = wait_any(processes, session.options().timeout_ms);
    if (index == lanes.size()) throw Error("run", entry.result.name, "no run has ended in time");
    session.finish(*lanes[index], entry);
    end = lanes[index]->begin_ns() + lanes[index]->duration_ns();
    lanes[index].reset();
    ++ended;
    if (end - begin < kRateWindowNs) {
      lanes[index].emplace(start());
    } else {
      --running;
    }
  }
  return ended / (static_cast<double>(end - begin) / 1e9);
}

}  // namespace

std::vector<Stage> density_stages() {
  return {{.title = "memory of many",
           .share = 8,
           .least_rounds = 1,
           .most_rounds = 10,
           .metrics = {"additional_pss_bytes", "additional_system_bytes"}}};
}

std::vector<Stage> start_rate_stages() {
  std::vector<Stage> stages;
  for (const unsigned parallel : parallel_starts()) {
    stages.push_back({.title = "start rate",
                      .share = 3,
                      .least_rounds = 1,
                      .most_rounds = 20,
                      .metrics = {with_parameter("start_rate", parallel)}});
  }
  return stages;
}

void measure_density(Session& session, const Subject& subject) {
  for (const Stage& stage : density_stages()) {
    session.run(stage, [&](Entry& entry, unsigned round) { record_instances(session, subject, entry, round); });
  }
}

void measure_start_rate(Session& session, const Subject& subject) {
  const std::vector<unsigned> counts = parallel_starts();
  const std::vector<Stage> stages = start_rate_stages();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    session.run(stages[i], [&](Entry& entry, unsigned round) {
      entry.add(stages[i].metrics[0], round, measure_rate(session, subject, entry, counts[i]));
    });
  }
}

}  // namespace husk::compare
