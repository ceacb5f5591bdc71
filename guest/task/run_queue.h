// Who waits for a CPU, in the order in which they get it (sched(7)).
//
// Real-time tasks (SCHED_FIFO, SCHED_RR) come first, by priority. All others share what is left, by virtual run time: the
// time that a task has had the CPU, divided by its weight, which its nice value decides. Whoever has had the least is next,
// so two tasks of one nice value get the same, and one step of nice is worth about 10 % of the CPU. That is the idea of
// Linux's completely fair scheduler (kernel.org, Documentation/scheduler/sched-design-CFS.rst), with its weights.
//
// A task that slept would have a claim to all that time. It keeps as much as makes it the next one for a moment, not what
// would let it keep the others out. One that had more than its share pays, after a sleep or with another weight, for two
// turns of that at most.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lib/pairing_heap.h"

namespace kernel::task {

class Task;

enum class Policy : std::uint8_t { kOther = 0, kFifo = 1, kRoundRobin = 2, kBatch = 3, kIdle = 5 };

constexpr bool is_realtime(Policy policy) {
  return policy == Policy::kFifo || policy == Policy::kRoundRobin;
}

// What sched_setscheduler(2) and setpriority(2) set, per thread.
struct SchedulingParameters {
  Policy policy = Policy::kOther;
  std::int8_t nice = 0;        // -20 to 19
  std::uint8_t priority = 0;   // 1 to 99 if real-time, else 0
  bool reset_on_fork = false;  // SCHED_RESET_ON_FORK

  // Those of a child.
  SchedulingParameters inherited() const;
};

inline constexpr int kLowestNice = -20, kHighestNice = 19;
inline constexpr int kHighestPriority = 99;

// A task, as a run queue sees it.
class SchedulingEntity {
 public:
  const SchedulingParameters& parameters() const { return parameters_; }
  bool queued() const { return queued_; }
  std::uint8_t inherited_priority() const { return inherited_priority_; }
  // As which it runs: its own, or that of who waits for a lock of its.
  std::uint8_t priority() const { return std::max(parameters_.priority, inherited_priority_); }
  bool realtime() const { return priority() != 0; }

  Task* task = nullptr;

 private:
  friend class RunQueue;
  static constexpr std::uint8_t kFairRank = 100;  // below all real-time priorities
  SchedulingParameters parameters_;
  std::uint8_t inherited_priority_ = 0;
  bool queued_ = false;
  std::uint64_t virtual_ns_ = 0;  // CPU time that it has had, for a task of nice 0
  // Its place on the queue: the lowest rank, then the least virtual time, then who came first.
  std::uint8_t rank_ = kFairRank;
  std::uint64_t key_ = 0;
  std::int64_t arrival_ = 0;
  HeapLinks<SchedulingEntity> links_;
};

class RunQueue {
 public:
  bool empty() const { return heap_.empty(); }
  unsigned size() const { return size_; }

  // Has been away from the CPU of its own will, and waits for it now.
  void add_woken(SchedulingEntity& entity, std::uint64_t now_ns);
  // Had the CPU, and must let others have it; or lets them, and forfeits a turn.
  void add_preempted(SchedulingEntity& entity, std::uint64_t now_ns);
  void add_yielding(SchedulingEntity& entity, std::uint64_t now_ns);
  // A maker's child starts about where its maker is, not where those are who have waited longest: making children gains
  // nobody any time, and a stream of new tasks does not keep the others out.
  void start(SchedulingEntity& child, const SchedulingEntity& maker) const;
  SchedulingEntity* take_first();

  // `entity` has had the CPU for so long.
  void charge(SchedulingEntity& entity, std::uint64_t ns, std::uint64_t now_ns);
  // On the queue or not. Whoever runs may have to give way then.
  void set_parameters(SchedulingEntity& entity, const SchedulingParameters& parameters, std::uint64_t now_ns);

  void set_inherited_priority(SchedulingEntity& entity, std::uint8_t priority, std::uint64_t now_ns);

  // Whether one that has just been added should have the CPU before the running one's slice is over.
  static bool preempts(const SchedulingEntity& added, const SchedulingEntity& running);
  // How long an entity that gets the CPU now may keep it while others wait; kForever for who waits for nobody.
  static constexpr std::uint64_t kForever = ~std::uint64_t{0};
  std::uint64_t slice_ns(const SchedulingEntity& entity, std::uint64_t now_ns);

  // Virtual time wraps around: two tasks of SCHED_IDLE that do nothing but yield forfeit 584 years of it in a few hours. All
  // that is compared lies near the floor.
  static constexpr bool is_before(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b) < 0; }

  // What sched_rr_get_interval(2) says.
  static constexpr std::uint64_t kRoundRobinSliceNs = 100'000'000;
  static constexpr std::uint64_t kLongestSliceNs = 10'000'000;

 private:
  static constexpr std::uint8_t kFairRank = SchedulingEntity::kFairRank;
  struct First {
    static bool before(const SchedulingEntity& a, const SchedulingEntity& b) {
      if (a.rank_ != b.rank_) return a.rank_ < b.rank_;
      return a.key_ != b.key_ ? is_before(a.key_, b.key_) : a.arrival_ < b.arrival_;
    }
  };
  void insert(SchedulingEntity& entity, std::uint64_t now_ns, bool at_head);
  void remove(SchedulingEntity& entity);
  template <typename Change>
  void change(SchedulingEntity& entity, std::uint64_t now_ns, Change change);
  void advance_floor(std::uint64_t virtual_ns);
  // The virtual time of one that owes others so much, or as much as anybody may owe.
  std::uint64_t debt_limit(std::uint64_t ns, const SchedulingParameters& parameters) const;
  std::uint64_t realtime_budget(std::uint64_t now_ns);

  PairingHeap<SchedulingEntity, &SchedulingEntity::links_, First> heap_;
  unsigned size_ = 0;
  std::uint64_t floor_ns_ = 0;  // the least virtual time of those who want the CPU; never falls
  std::int64_t last_arrival_ = 0, first_arrival_ = 0;
  std::uint64_t realtime_period_end_ns_ = 0;
  std::uint64_t realtime_used_ns_ = 0;  // in this period
};

}  // namespace kernel::task
