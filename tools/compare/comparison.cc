#include "tools/compare/comparison.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <limits>

#include "tools/compare/measure/stages.h"
#include "tools/compare/runners/husk.h"
#include "tools/compare/statistics/batches.h"
#include "tools/compare/version.h"

namespace husk::compare {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  char text[sizeof "2000-01-01T00:00:00Z"];
  std::strftime(text, sizeof text, "%FT%TZ", std::gmtime(&now));
  return text;
}

// A measurement, the share of the time that its stages ask for, and how it is made.
struct Part {
  double share = 0;
  std::function<void()> run;
};

double sum_of_shares(const std::vector<Stage>& stages) {
  double sum = 0;
  for (const Stage& stage : stages) sum += stage.share;
  return sum;
}

// How often the comparison comes back to start-up times: a machine's mood lasts for seconds to minutes, and the
// intervals are estimated from as many batches.
constexpr unsigned kStartSlices = kBatches;

class Plan {
 public:
  Plan(Session& session, const Subject& subject, const std::set<Measurement>& wanted, ComparisonResult& result) {
    const Workload& workload = *subject.workload;
    const bool is_embedded = workload.is_embedded();
    const auto add = [&](Measurement measurement, double share, std::function<void()> run) {
      if (wanted.contains(measurement)) parts_.push_back({share, std::move(run)});
    };
    if (is_embedded) {
      add(Measurement::kStartUp, kTimelineStage.share, [&] { measure_timeline(session, subject); });
    }
    add(Measurement::kWorkloads, 5.0 * static_cast<double>(workload.tasks.size()),
        [&] { measure_tasks(session, subject); });
    add(Measurement::kMemory, kMemoryStage.share, [&] { measure_memory(session, subject, result.payload_pss_bytes); });
    if (is_embedded) {
      add(Measurement::kDensity, sum_of_shares(density_stages()), [&] { measure_density(session, subject); });
    }
    add(Measurement::kDensity, sum_of_shares(start_rate_stages()), [&] { measure_start_rate(session, subject); });
    if (is_embedded) add(Measurement::kSpeed, kSpeedStage.share, [&] { measure_speed(session, subject); });
    if (wanted.contains(Measurement::kStartUp)) spread_start(session, subject);
    // Last, since strace(1) and an empty page cache disturb everything that comes after.
    add(Measurement::kIsolation, kIsolationStage.share, [&] { look_at_isolation(session, subject); });
    add(Measurement::kStartUp, kColdStage.share, [&] { measure_cold_start(session, subject); });
  }

  double share() const {
    double sum = 0;
    for (const Part& part : parts_) sum += part.share;
    return sum;
  }

  void run() const {
    for (const Part& part : parts_) part.run();
  }

 private:
  // Puts the slices of the start-up measurement between the other parts: one at the beginning, one at the end, the
  // others as evenly as the parts' lengths allow.
  void spread_start(Session& session, const Subject& subject) {
    const double others = share();
    std::vector<Part> spread;
    unsigned next = 0;
    double gone = 0;
    const auto add_slices_up_to = [&](double done) {
      for (; next < kStartSlices && done >= others * next / (kStartSlices - 1); ++next) {
        const Stage slice = kStartStage.slice(next, kStartSlices);
        spread.push_back({slice.share, [&session, &subject, slice] { measure_start(session, subject, slice); }});
      }
    };
    for (Part& part : parts_) {
      add_slices_up_to(gone);
      gone += part.share;
      spread.push_back(std::move(part));
    }
    add_slices_up_to(std::numeric_limits<double>::infinity());
    parts_ = std::move(spread);
  }

  std::vector<Part> parts_;
};

}  // namespace

ComparisonResult run(Comparison& comparison, const image::CacheDir& cache, const ProgressCallback& progress) {
  ComparisonResult result;
  result.husk_version = husk_version();
  result.husk_commit = husk_commit();
  result.started = utc_now();
  result.seed = comparison.options.seed;
  result.payload = comparison.workload.description;
  result.host = describe_host();
  adopt_orphans();
  NoiseMeter noise;
  const std::uint64_t begin = monotonic_ns();

  Scratch scratch;
  Subject subject;
  subject.workload = &comparison.workload;
  subject.roots = scratch.make_roots("image", comparison.workload.image, cache);
  if (!comparison.workload.task_image.empty()) {
    subject.task_roots = scratch.make_roots("task-image", comparison.workload.task_image, cache);
  }
  Context context;
  context.scratch = scratch.path();
  context.husk = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "husk";

  Session session(context, comparison.options, [&](double done, const std::string& what, double left) {
    noise.look();
    progress(done, what, left);
  });
  try {
    for (const std::unique_ptr<Runner>& runner : comparison.runners) session.add(*runner);
    const Plan plan(session, subject, comparison.measurements, result);
    session.plan(plan.share());
    record_commands(session, subject);
    record_vm_exits(session, subject);
    plan.run();
  } catch (const Interrupted&) {
    acknowledge_interrupt();
    result.complete = false;
  } catch (...) {
    session.clean_up_all();
    throw;
  }
  session.clean_up_all();
  for (Entry& entry : session.entries()) {
    const nlohmann::ordered_json& exits = entry.result.vm_exits;
    // The ring that husk chooses; where that was not looked at, the one that it was told.
    if (exits.contains("guest_ring") && (entry.result.name == HuskVm::kName || result.host.guest_ring.empty())) {
      result.host.guest_ring = exits["guest_ring"].dump();
    }
    result.runners.push_back(std::move(entry.result));
  }
  noise.finish(result.host);
  result.warnings = noise_warnings(result.host);
  result.seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
  return result;
}

}  // namespace husk::compare
