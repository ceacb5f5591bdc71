// How many instances can be started in a second, and how long a start takes when starts arrive as they like.
#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "tools/compare/measure/arrivals.h"
#include "tools/compare/measure/stages.h"
#include "tools/compare/statistics/interval.h"
#include "tools/compare/statistics/quantile.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr std::uint64_t kRateWindowNs = 80'000'000;

// Of arrivals: a burst lasts at least so long, and has at least so many.
constexpr double kBurstSeconds = 0.5;
constexpr double kLeastArrivals = 5;
constexpr double kLoad = 0.5;  // of the most starts per second that were seen

// 1, 2, 4, ... up to twice as many as there are cores: beyond, more at a time only wait for one another.
std::vector<unsigned> parallel_starts() {
  std::vector<unsigned> counts;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned count = 1; count <= 2 * cores; count *= 2) counts.push_back(count);
  return counts;
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

// Runs of one runner, as arrivals see them.
class Starts : public ArrivalTarget {
 public:
  Starts(Session& session, const Subject& subject, Entry& entry, std::size_t most)
      : session_(session), subject_(subject), entry_(entry), instances_(most) {}

  std::uint64_t now_ns() override { return monotonic_ns(); }

  bool start(std::size_t index) override {
    try {
      instances_[index].emplace(session_.start(entry_, subject_.start(RootForm::kMade), Process::Streams::kNone));
      return true;
    } catch (const NotPossible&) {
      throw;
    } catch (const std::exception& error) {
      first_failure_ = first_failure_.empty() ? error.what() : first_failure_;
      return false;
    }
  }

  std::optional<Ended> wait(std::uint64_t until_ns) override {
    processes_.clear();
    running_.clear();
    for (std::size_t index = 0; index < instances_.size(); ++index) {
      if (!instances_[index]) continue;
      processes_.push_back(&instances_[index]->process());
      running_.push_back(index);
    }
    const std::size_t ready = wait_any_until(processes_, until_ns);
    if (ready == processes_.size()) return std::nullopt;
    Ended ended{.index = running_[ready], .end_ns = 0, .succeeded = true};
    Instance& instance = *instances_[ended.index];
    try {
      session_.finish(instance, entry_);
    } catch (const std::exception& error) {
      first_failure_ = first_failure_.empty() ? error.what() : first_failure_;
      ended.succeeded = false;
    }
    ended.end_ns = ended.succeeded ? instance.begin_ns() + instance.duration_ns() : monotonic_ns();
    instances_[ended.index].reset();
    return ended;
  }

  const std::string& first_failure() const { return first_failure_; }

 private:
  Session& session_;
  const Subject& subject_;
  Entry& entry_;
  std::vector<std::optional<Instance>> instances_;
  std::vector<Process*> processes_;
  std::vector<std::size_t> running_;
  std::string first_failure_;
};

// The most starts per second that were seen; nothing where none were.
std::optional<double> capacity_of(const Entry& entry) {
  std::optional<double> most;
  for (const unsigned count : parallel_starts()) {
    const Series* series = entry.result.find(with_parameter("start_rate", count));
    if (series != nullptr) most = std::max(most.value_or(0), median(values_of(*series)));
  }
  return most;
}

void record_arrivals(Session& session, const Subject& subject, Entry& entry, unsigned round) {
  const std::optional<double> capacity = capacity_of(entry);
  if (!capacity) throw NotPossible("its start rate is not known");
  const double rate = kLoad * *capacity;
  const double seconds = std::max(kBurstSeconds, kLeastArrivals / rate);
  // The moments of a round are the same for all runners but for their scale.
  std::mt19937_64 random(session.options().seed + round);
  const std::vector<std::uint64_t> moments = poisson_moments(rate, static_cast<std::uint64_t>(seconds * 1e9), random);
  Starts starts(session, subject, entry, moments.size());
  const std::uint64_t patience_ns = static_cast<std::uint64_t>(session.options().timeout_ms) * 1'000'000;
  const Arrivals arrivals = run_arrivals(starts, moments, monotonic_ns(), patience_ns);
  for (const Arrival& arrival : arrivals.succeeded) {
    entry.add("arrival_ns", round, static_cast<double>(arrival.latency_ns));
    entry.add("arrival_lag_ns", round, static_cast<double>(arrival.lag_ns));
  }
  entry.add("arrival_rate", round, rate);
  RunnerResult::Failures& failures = entry.result.failures["arrival_ns"];
  failures.failed += arrivals.failed + arrivals.turned_away;
  failures.of += moments.size();
  if (failures.failed == 0) return;
  entry.result.notes["arrival_ns"] =
      std::to_string(failures.failed) + " of " + std::to_string(failures.of) + " starts failed" +
      (starts.first_failure().empty() ? std::string(": turned away, since " + std::to_string(kMostRunning) + " ran")
                                      : ": " + starts.first_failure());
}

}  // namespace

std::vector<Stage> start_rate_stages() {
  std::vector<Stage> stages;
  for (const unsigned parallel : parallel_starts()) {
    stages.push_back({.title = "start rate",
                      .share = 3,
                      .least_rounds = kLeastForInterval,
                      .most_rounds = 40,
                      .metrics = {with_parameter("start_rate", parallel)}});
  }
  return stages;
}

const Stage kArrivalStage = {.title = "starts that arrive at random",
                             .share = 6,
                             .least_rounds = 2,
                             .most_rounds = 40,
                             .metrics = {"arrival_ns", "arrival_lag_ns", "arrival_rate"}};

void measure_start_rate(Session& session, const Subject& subject) {
  const std::vector<unsigned> counts = parallel_starts();
  const std::vector<Stage> stages = start_rate_stages();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    session.run(stages[i], [&](Entry& entry, unsigned round) {
      entry.add(stages[i].metrics[0], round, measure_rate(session, subject, entry, counts[i]));
    });
  }
  session.run(kArrivalStage, [&](Entry& entry, unsigned round) { record_arrivals(session, subject, entry, round); });
}

}  // namespace husk::compare
