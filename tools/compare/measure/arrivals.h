// Starts that arrive when they arrive: an open loop.
//
// Whoever starts the next run when the last one has ended never sees what a user sees who comes while the machine is
// busy: a run that takes long keeps others from being asked for, and their waiting is not measured ("coordinated
// omission", Tene 2013; Schroeder, Wierman and Harchol-Balter 2006, "Open versus closed: a cautionary tale"). Here the
// moments are drawn before, as a Poisson process has them, and a run's latency counts from the moment that it was to
// begin, also where the comparison itself came too late for it.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace husk::compare {

// Moments from 0 to `duration_ns` at a mean of `per_second`: exponential gaps. Ascending.
std::vector<std::uint64_t> poisson_moments(double per_second, std::uint64_t duration_ns, std::mt19937_64& random);

// What arrivals are made of: processes in a comparison, a clock that stands still in a test.
class ArrivalTarget {
 public:
  virtual ~ArrivalTarget() = default;
  virtual std::uint64_t now_ns() = 0;
  // Starts run `index`. False where it cannot be started.
  virtual bool start(std::size_t index) = 0;
  // Until a run ends, or the moment comes (nothing is returned then). A run that ended before is returned at once.
  struct Ended {
    std::size_t index = 0;
    std::uint64_t end_ns = 0;
    bool succeeded = false;
  };
  virtual std::optional<Ended> wait(std::uint64_t until_ns) = 0;
};

struct Arrival {
  std::uint64_t latency_ns = 0;  // from the moment that it was to begin to its end
  std::uint64_t lag_ns = 0;      // by how much the comparison was late to start it
};

struct Arrivals {
  std::vector<Arrival> succeeded;  // in the order in which they were to begin
  std::size_t failed = 0;          // could not be started, or did not end well, or in time
  std::size_t turned_away = 0;     // not started, since kMostRunning ran
};

inline constexpr std::size_t kMostRunning = 64;

// `moments` count from `begin_ns`. Who has not ended `patience_ns` after the last moment has failed.
Arrivals run_arrivals(ArrivalTarget& target, const std::vector<std::uint64_t>& moments, std::uint64_t begin_ns,
                      std::uint64_t patience_ns);

}  // namespace husk::compare
