#include "tools/compare/measure/arrivals.h"

#include <algorithm>

namespace husk::compare {
namespace {

constexpr double kSecond = 1e9;

struct Run {
  bool is_running = false;
  bool has_succeeded = false;
  Arrival arrival;
};

class OpenLoop {
 public:
  OpenLoop(ArrivalTarget& target, const std::vector<std::uint64_t>& moments, std::uint64_t begin_ns)
      : target_(target), moments_(moments), begin_ns_(begin_ns), runs_(moments.size()) {}

  Arrivals run(std::uint64_t patience_ns) {
    for (std::size_t index = 0; index < moments_.size(); ++index) {
      while (take_one(moment(index))) {
      }
      start(index);
    }
    const std::uint64_t end = (moments_.empty() ? begin_ns_ : moment(moments_.size() - 1)) + patience_ns;
    while (running_ > 0 && take_one(end)) {
    }
    result_.failed += running_;
    for (const Run& run : runs_) {
      if (run.has_succeeded) result_.succeeded.push_back(run.arrival);
    }
    return std::move(result_);
  }

 private:
  std::uint64_t moment(std::size_t index) const { return begin_ns_ + moments_[index]; }

  void start(std::size_t index) {
    if (running_ >= kMostRunning) {
      ++result_.turned_away;
      return;
    }
    Run& run = runs_[index];
    run.arrival.lag_ns = target_.now_ns() - std::min(target_.now_ns(), moment(index));
    if (!target_.start(index)) {
      ++result_.failed;
      return;
    }
    run.is_running = true;
    ++running_;
  }

  // False when the moment comes first.
  bool take_one(std::uint64_t until_ns) {
    const std::optional<ArrivalTarget::Ended> ended = target_.wait(until_ns);
    if (!ended) return false;
    Run& run = runs_[ended->index];
    run.is_running = false;
    --running_;
    run.has_succeeded = ended->succeeded;
    run.arrival.latency_ns = ended->end_ns - moment(ended->index);
    if (!ended->succeeded) ++result_.failed;
    return true;
  }

  ArrivalTarget& target_;
  const std::vector<std::uint64_t>& moments_;
  std::uint64_t begin_ns_;
  std::vector<Run> runs_;
  std::size_t running_ = 0;
  Arrivals result_;
};

}  // namespace

std::vector<std::uint64_t> poisson_moments(double per_second, std::uint64_t duration_ns, std::mt19937_64& random) {
  std::exponential_distribution<double> gap(per_second);
  std::vector<std::uint64_t> moments;
  for (double at = gap(random) * kSecond; at < static_cast<double>(duration_ns); at += gap(random) * kSecond) {
    moments.push_back(static_cast<std::uint64_t>(at));
  }
  return moments;
}

Arrivals run_arrivals(ArrivalTarget& target, const std::vector<std::uint64_t>& moments, std::uint64_t begin_ns,
                      std::uint64_t patience_ns) {
  return OpenLoop(target, moments, begin_ns).run(patience_ns);
}

}  // namespace husk::compare
