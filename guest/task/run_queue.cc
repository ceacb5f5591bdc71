#include "task/run_queue.h"

#include <algorithm>

namespace kernel::task {
namespace {

// Everybody has a turn within this time, as long as the turns do not get too short for it.
constexpr std::uint64_t kLatencyNs = 20'000'000;
constexpr std::uint64_t kShortestSliceNs = 4'000'000;
// What a sleeper keeps of its claim, and by how much it must be behind whoever runs to interrupt it.
constexpr std::uint64_t kSleeperCreditNs = 10'000'000;
// What it owes at most when it comes back, as Linux limits the lag of who leaves the queue (kernel/sched/fair.c,
// update_entity_lag()): two turns.
constexpr std::uint64_t kMostDebtNs = 2 * RunQueue::kLongestSliceNs;
constexpr std::uint64_t kWakeUpGranularityNs = 1'000'000;

// Real-time tasks leave some of each second to the others, so that these can still end them (sched(7), "Limiting the CPU
// usage of real-time and deadline processes", with Linux's defaults).
constexpr std::uint64_t kRealtimePeriodNs = 1'000'000'000;
constexpr std::uint64_t kRealtimeRuntimeNs = 950'000'000;

// Linux's sched_prio_to_weight and WEIGHT_IDLEPRIO (kernel/sched/core.c, sched.h): each is 1.25 times the next.
constexpr std::uint64_t kWeightOfNiceZero = 1024;
constexpr std::uint32_t kWeights[] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};
constexpr std::uint64_t kIdleWeight = 3;

std::uint64_t weight_of(const SchedulingParameters& parameters) {
  if (parameters.policy == Policy::kIdle) return kIdleWeight;
  return kWeights[parameters.nice - kLowestNice];
}

std::uint64_t virtual_time(std::uint64_t ns, const SchedulingParameters& parameters) {
  constexpr std::uint64_t kLongest = ~std::uint64_t{0} / kWeightOfNiceZero;  // 208 days at a stretch
  return std::min(ns, kLongest) * kWeightOfNiceZero / weight_of(parameters);
}

// The other way round.
std::uint64_t real_time(std::uint64_t virtual_ns, const SchedulingParameters& parameters) {
  constexpr std::uint64_t kLongest = ~std::uint64_t{0} / kWeights[0];
  return std::min(virtual_ns, kLongest) * weight_of(parameters) / kWeightOfNiceZero;
}

std::uint64_t later(std::uint64_t a, std::uint64_t b) {
  return RunQueue::is_before(a, b) ? b : a;
}

std::uint64_t earlier(std::uint64_t a, std::uint64_t b) {
  return RunQueue::is_before(a, b) ? a : b;
}

}  // namespace

SchedulingParameters SchedulingParameters::inherited() const {
  if (!reset_on_fork) return *this;
  SchedulingParameters reset = *this;
  if (is_realtime(policy)) reset.policy = Policy::kOther, reset.priority = 0, reset.nice = 0;
  reset.nice = std::max<std::int8_t>(reset.nice, 0);
  reset.reset_on_fork = false;
  return reset;
}

void RunQueue::advance_floor(std::uint64_t virtual_ns) {
  if (!heap_.empty()) {
    // Behind a real-time task others may wait who have had less than whoever runs: the floor stays below them.
    if (heap_.first()->rank_ != kFairRank) return;
    virtual_ns = earlier(virtual_ns, heap_.first()->key_);
  }
  floor_ns_ = later(floor_ns_, virtual_ns);
}

std::uint64_t RunQueue::debt_limit(std::uint64_t ns, const SchedulingParameters& parameters) const {
  return floor_ns_ + virtual_time(std::min(ns, kMostDebtNs), parameters);
}

std::uint64_t RunQueue::realtime_budget(std::uint64_t now_ns) {
  if (now_ns >= realtime_period_end_ns_) {
    realtime_period_end_ns_ = now_ns + kRealtimePeriodNs;
    realtime_used_ns_ = 0;
  }
  return kRealtimeRuntimeNs - std::min(realtime_used_ns_, kRealtimeRuntimeNs);
}

void RunQueue::insert(SchedulingEntity& entity, std::uint64_t now_ns, bool at_head) {
  // A real-time task without budget is one like the others, until the next period.
  const bool realtime = entity.realtime() && realtime_budget(now_ns) != 0;
  if (entity.realtime()) entity.virtual_ns_ = later(entity.virtual_ns_, floor_ns_);
  entity.rank_ = realtime ? static_cast<std::uint8_t>(kHighestPriority - entity.priority()) : kFairRank;
  entity.key_ = realtime ? 0 : entity.virtual_ns_;
  entity.arrival_ = at_head && realtime ? --first_arrival_ : ++last_arrival_;
  entity.queued_ = true;
  heap_.insert(entity);
  ++size_;
}

void RunQueue::remove(SchedulingEntity& entity) {
  heap_.remove(entity);
  entity.queued_ = false;
  --size_;
}

void RunQueue::add_woken(SchedulingEntity& entity, std::uint64_t now_ns) {
  entity.virtual_ns_ = later(entity.virtual_ns_, floor_ns_ - kSleeperCreditNs);
  entity.virtual_ns_ = earlier(entity.virtual_ns_, debt_limit(kMostDebtNs, entity.parameters_));
  insert(entity, now_ns, false);
}

void RunQueue::add_preempted(SchedulingEntity& entity, std::uint64_t now_ns) {
  // All but SCHED_RR keep their place before others of their priority.
  insert(entity, now_ns, entity.realtime() && entity.parameters_.policy != Policy::kRoundRobin);
}

void RunQueue::add_yielding(SchedulingEntity& entity, std::uint64_t now_ns) {
  // No more than one turn: who yields all the time is not behind for ever.
  const std::uint64_t turn = virtual_time(kLongestSliceNs, entity.parameters_);
  if (!is_before(floor_ns_ + turn, entity.virtual_ns_)) entity.virtual_ns_ += turn;
  insert(entity, now_ns, false);
}

void RunQueue::start(SchedulingEntity& child, const SchedulingEntity& maker) const {
  child.parameters_ = maker.parameters_.inherited();
  // But what the maker has had is not its child's to pay for, beyond one turn.
  const std::uint64_t latest = floor_ns_ + virtual_time(kLongestSliceNs, child.parameters_);
  child.virtual_ns_ = earlier(later(maker.virtual_ns_, floor_ns_), latest);
}

SchedulingEntity* RunQueue::take_first() {
  SchedulingEntity* first = heap_.first();
  if (first) remove(*first);
  return first;
}

void RunQueue::charge(SchedulingEntity& entity, std::uint64_t ns, std::uint64_t now_ns) {
  if (entity.realtime()) {
    static_cast<void>(realtime_budget(now_ns));
    realtime_used_ns_ += ns;
    if (entity.rank_ != kFairRank) return;
  }
  entity.virtual_ns_ += virtual_time(ns, entity.parameters_);
  advance_floor(entity.virtual_ns_);
}

template <typename Change>
void RunQueue::change(SchedulingEntity& entity, std::uint64_t now_ns, Change change) {
  const bool was_queued = entity.queued_;
  if (was_queued) remove(entity);
  // What it has waited as a real-time task is no claim among the others.
  if (entity.realtime()) entity.virtual_ns_ = later(entity.virtual_ns_, floor_ns_);
  change();
  if (was_queued) insert(entity, now_ns, false);
}

void RunQueue::set_parameters(SchedulingEntity& entity, const SchedulingParameters& parameters, std::uint64_t now_ns) {
  change(entity, now_ns, [&] {
    // It owes time, and not what that was at its old weight: 10 ms of SCHED_IDLE are 3.4 s of a nice value of 0.
    if (is_before(floor_ns_, entity.virtual_ns_)) {
      const std::uint64_t debt_ns = real_time(entity.virtual_ns_ - floor_ns_, entity.parameters_);
      entity.virtual_ns_ = debt_limit(debt_ns, parameters);
    }
    entity.parameters_ = parameters;
  });
}

void RunQueue::set_inherited_priority(SchedulingEntity& entity, std::uint8_t priority, std::uint64_t now_ns) {
  change(entity, now_ns, [&] { entity.inherited_priority_ = priority; });
}

bool RunQueue::preempts(const SchedulingEntity& added, const SchedulingEntity& running) {
  const bool running_is_fair = !running.realtime();
  if (added.rank_ != kFairRank) return added.priority() > running.priority();
  if (!running_is_fair || added.parameters_.policy != Policy::kOther) return false;
  return is_before(added.virtual_ns_ + virtual_time(kWakeUpGranularityNs, added.parameters_), running.virtual_ns_);
}

std::uint64_t RunQueue::slice_ns(const SchedulingEntity& entity, std::uint64_t now_ns) {
  const std::uint64_t fair = std::clamp(kLatencyNs / (size_ + 1), kShortestSliceNs, kLongestSliceNs);
  if (entity.rank_ == kFairRank) return fair;
  const std::uint64_t budget = realtime_budget(now_ns);
  return entity.parameters_.policy == Policy::kRoundRobin ? std::min(kRoundRobinSliceNs, budget) : budget;
}

}  // namespace kernel::task
