// Many idle instances at a time: what 1 ... N take together, from which the outputs fit what one more takes
// (statistics/slope.h).
#include <time.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "tools/compare/measure/idle_instances.h"
#include "tools/compare/measure/stages.h"
#include "tools/compare/statistics/slope.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr unsigned kInstances = 32;  // where nobody says how many
constexpr unsigned kLeastInstances = 8;
constexpr unsigned kReadings = 8;      // of one ramp, about
constexpr unsigned kCrossCheck = 100;  // below so many MemAvailable moves more by what else the machine does
constexpr double kLeastRampSeconds = 1;
// Of an image that is not shared: two ramps of so many have as many steps as an interval needs.
constexpr unsigned kUnshared = 4;
constexpr unsigned kUnsharedRamps = 2;
constexpr int kSettleMs = 50;

constexpr char kUnsharedPrefix[] = "python_unshared_";

// Never fill more of the machine's memory than this.
constexpr double kMostMemory = 0.8;

struct SystemMemory {
  std::uint64_t total = 0;
  std::uint64_t available = 0;
};

// MemAvailable: what the kernel could still give away without swapping (proc_meminfo(5)).
SystemMemory system_memory() {
  SystemMemory memory;
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    const auto value = [&](std::string_view key) {
      return line.starts_with(key) ? std::stoull(line.substr(key.size())) * 1024 : 0;
    };
    if (memory.total == 0) memory.total = value("MemTotal:");
    if (memory.available == 0) memory.available = value("MemAvailable:");
  }
  if (memory.total == 0 || memory.available == 0) throw Error("read", "/proc/meminfo", "it has no MemAvailable");
  return memory;
}

void settle() {
  const timespec pause{0, kSettleMs * 1'000'000L};
  nanosleep(&pause, nullptr);
}

// Whether `count` is one of the numbers of instances at which a ramp to `most` is read: the first, the last, and evenly
// between.
bool is_reading(unsigned count, unsigned most) {
  const unsigned step = std::max(1U, (most + kReadings - 1) / kReadings);
  return count == 1 || count == most || count % step == 0;
}

// What a ramp of one runner is made of.
struct RampPlan {
  std::string prefix;                              // of its metrics: "", "python_", "python_unshared_"
  std::function<Invocation(unsigned)> invocation;  // of instance 0, 1, ...
  std::function<void()> before;                    // each ramp; may be empty
  unsigned most = kInstances;
  double seconds = 0;  // for the instances of one ramp; 0: as long as they take
};

class RampRecorder {
 public:
  RampRecorder(Session& session, Entry& entry, const RampPlan& plan, unsigned round)
      : entry_(entry), plan_(plan), round_(round), instances_(session, entry) {}

  // Returns how many instances there were.
  unsigned record(unsigned wanted) {
    if (plan_.before) plan_.before();
    settle();  // what the run before this one has freed is to be there
    const SystemMemory before = system_memory();
    unsigned most = wanted;
    if (most > instances_.most()) {
      most = static_cast<unsigned>(instances_.most());
      say_fewer(most, "more would need more open files than ulimit -Hn allows");
    }
    const std::uint64_t begin = monotonic_ns();
    for (unsigned count = 1; count <= most; ++count) {
      Invocation invocation = plan_.invocation(count - 1);
      invocation.is_detached = entry_.runner->has_detached_form();
      instances_.start(invocation);
      if (count == 1) most = affordable(most, static_cast<double>(monotonic_ns() - begin) / 1e9);
      if (!is_reading(count, most)) continue;
      settle();
      read(count);
      const SystemMemory now = system_memory();
      if (count == most && count >= kCrossCheck) {
        const double taken = static_cast<double>(before.available) - static_cast<double>(now.available);
        add("total_system_bytes", count, taken);
        entry_.add(plan_.prefix + "additional_system_bytes", round_, taken / count);
      }
      if (count < most && !fits(before, now, count, most)) {
        say_fewer(count, "the machine's memory has no room for more");
        most = count;
      }
    }
    instances_.end();
    add_slope("pss_bytes", pss_);
    add_slope("group_bytes", group_);
    return most;
  }

 private:
  unsigned affordable(unsigned most, double seconds_of_first) const {
    if (plan_.seconds == 0) return most;
    const auto possible = static_cast<unsigned>(std::min(1e6, plan_.seconds / std::max(1e-6, seconds_of_first)));
    return std::min(most, std::max(kLeastInstances, possible));
  }

  // Whether as many again as are to come will fit, as far as those that run tell.
  static bool fits(const SystemMemory& before, const SystemMemory& now, unsigned count, unsigned most) {
    const double taken = std::max(0.0, static_cast<double>(before.available) - static_cast<double>(now.available));
    const double at_most = static_cast<double>(now.available) - (1 - kMostMemory) * static_cast<double>(now.total);
    const unsigned next = std::min(most - count, std::max(1U, (most + kReadings - 1) / kReadings));
    return taken / count * next <= at_most;
  }

  void say_fewer(unsigned count, const char* why) {
    entry_.result.notes[plan_.prefix + "additional_group_bytes"] =
        "to " + std::to_string(count) + " instances only: " + why;
  }

  void add(const std::string& metric, unsigned count, double value) {
    entry_.add(with_parameter(plan_.prefix + metric, count), round_, value);
  }

  void read(unsigned count) {
    const IdleInstances::Memory memory = instances_.read();
    const auto pss = static_cast<double>(memory.sum.pss_bytes);
    pss_.push_back({static_cast<double>(count), pss});
    add("total_pss_bytes", count, pss);
    if (memory.group) {
      const auto all = static_cast<double>(memory.group->total_bytes());
      group_.push_back({static_cast<double>(count), all});
      add("total_group_bytes", count, all);
    } else {
      entry_.result.notes[plan_.prefix + "additional_group_bytes"] = instances_.why_no_group();
    }
    if (count == 1 && !plan_.prefix.empty()) {
      entry_.add(plan_.prefix + "idle_pss_bytes", round_, pss);
      if (memory.group) {
        entry_.add(plan_.prefix + "idle_total_bytes", round_, pss + static_cast<double>(memory.group->kernel_bytes));
      }
    }
  }

  void add_slope(const std::string& what, const Ramp& ramp) {
    const std::optional<Slope> slope = fit_slope(std::span(&ramp, 1), 0);
    if (slope) entry_.add(plan_.prefix + "additional_" + what, round_, slope->per_instance);
  }

  Entry& entry_;
  const RampPlan& plan_;
  unsigned round_;
  IdleInstances instances_;
  Ramp pss_;
  Ramp group_;
};

Stage ramp_stage(const std::string& prefix, const char* title) {
  return {.title = title,
          .share = 8,
          .least_rounds = 1,
          .most_rounds = 10,
          .metrics = {prefix + "additional_pss_bytes", prefix + "additional_group_bytes"}};
}

void run_ramps(Session& session, const Stage& stage, RampPlan plan) {
  const auto is_measured = [](const Entry& entry) {
    return entry.usable && !entry.result.is_reference && entry.result.hardened_form_of.empty();
  };
  const auto runners = static_cast<double>(std::ranges::count_if(session.entries(), is_measured));
  const bool is_exact = session.options().density != 0 || session.options().runs != 0;
  plan.seconds = is_exact ? 0 : std::max(kLeastRampSeconds, session.planned_seconds(stage) / std::max(1.0, runners));
  // Later ramps of a runner are as long as its first.
  std::map<std::string, unsigned> length;
  session.run(stage, [&](Entry& entry, unsigned round) {
    const auto known = length.find(entry.result.name);
    RampPlan mine = plan;
    if (known != length.end()) mine.seconds = 0;
    length[entry.result.name] =
        RampRecorder(session, entry, mine, round).record(known != length.end() ? known->second : mine.most);
  });
}

// Python of the image that the comparison was given, waiting for the end of its input, as the embedded payload does.
std::optional<Invocation> idle_python(const Subject& subject) {
  const auto found = std::ranges::find(subject.workload->tasks, "task_python_ns", &Task::metric);
  if (found == subject.workload->tasks.end() || !found->missing.empty()) return std::nullopt;
  Task task = *found;
  task.argv = {task.argv[0], "-c", "import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"};
  Invocation invocation = subject.task(task);
  invocation.waiting = Waiting();
  return invocation;
}

// The same Pythons, each from a copy of the image of its own: what they would take if they shared none of its pages.
void measure_unshared(Session& session, const Subject& subject, const Stage& stage, const Invocation& python) {
  UnsharedImages copies;
  try {
    copies = subject.unshared_task_images(kUnshared);
  } catch (const std::exception& error) {
    for (Entry& entry : session.entries()) {
      entry.result.notes[stage.metrics[0]] = error.what();
    }
    return;
  }
  RampPlan plan;
  plan.prefix = kUnsharedPrefix;
  plan.most = kUnshared;
  plan.invocation = [&](unsigned index) {
    Invocation invocation = python;
    invocation.roots = copies.roots[index].get();
    return invocation;
  };
  plan.before = [&] {
    for (const ImportedImage* image : copies.images) image->empty_page_cache();
  };
  run_ramps(session, stage, plan);
}

}  // namespace

std::vector<Stage> density_stages(const Subject& subject) {
  std::vector<Stage> stages;
  if (subject.why_not_idle().empty()) stages.push_back(ramp_stage("", "memory of many"));
  if (idle_python(subject)) {
    stages.push_back(ramp_stage("python_", "memory of many Pythons"));
    stages.push_back(ramp_stage(kUnsharedPrefix, "memory of Pythons that share nothing"));
    stages.back().least_rounds = kUnsharedRamps;
  }
  return stages;
}

void measure_density(Session& session, const Subject& subject) {
  const std::optional<Invocation> python = idle_python(subject);
  RampPlan plan;
  if (session.options().density != 0) plan.most = session.options().density;
  for (const Stage& stage : density_stages(subject)) {
    if (stage.metrics[0].starts_with(kUnsharedPrefix)) {
      measure_unshared(session, subject, stage, *python);
      continue;
    }
    const bool is_python = stage.metrics[0].starts_with("python_");
    plan.prefix = is_python ? "python_" : "";
    plan.invocation = [&](unsigned) { return is_python ? *python : subject.idle(); };
    run_ramps(session, stage, plan);
  }
}

}  // namespace husk::compare
