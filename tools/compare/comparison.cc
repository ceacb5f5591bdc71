#include "tools/compare/comparison.h"

#include <linux/close_range.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <limits>

#include "tools/compare/drift_warnings.h"
#include "tools/compare/host_settings.h"
#include "tools/compare/image_digest.h"
#include "tools/compare/measure/stages.h"
#include "tools/compare/runners/husk.h"
#include "tools/compare/statistics/batches.h"
#include "tools/compare/version.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  char text[sizeof "2000-01-01T00:00:00Z"];
  std::strftime(text, sizeof text, "%FT%TZ", std::gmtime(&now));
  return text;
}

// What `husk run` takes for a path, else the cache, where named images lie.
std::string image_path(const std::string& image, const image::CacheDir& cache) {
  return image.find('/') != std::string::npos || image == "." || image == ".." ? image : cache.images();
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
  Plan(Session& session, const Subject& subject, const std::set<Measurement>& wanted, ComparisonResult& result,
       Scratch& scratch, const image::CacheDir& cache) {
    const Workload& workload = *subject.workload;
    const bool is_embedded = workload.is_embedded();
    const bool can_wait = subject.why_not_idle().empty();
    const auto add = [&](Measurement measurement, double share, std::function<void()> run) {
      if (!wanted.contains(measurement) || share == 0) return;
      parts_.push_back({share, std::move(run)});
      measured_.insert(measurement);
    };
    if (!is_embedded && !workload.ends_by_itself) {
      why_nothing_ = "the command does not end by itself";
      hint_ = "with --ready TEXT its start is timed up to the line with TEXT";
    }
    if (!workload.ready.empty() && can_wait) {
      add(Measurement::kStartUp, kReadyStage.share, [&] { measure_ready(session, subject); });
    }
    if (workload.ends_by_itself) {
      add(Measurement::kStartUp, kRootStage.share, [&] { measure_with_root(session, subject); });
    }
    if (is_embedded) {
      add(Measurement::kStartUp, kTimelineStage.share, [&] { measure_timeline(session, subject); });
    }
    add(Measurement::kWorkloads, kTaskShare * static_cast<double>(workload.tasks.size()),
        [&] { measure_tasks(session, subject); });
    add(Measurement::kMemory, kMemoryStage.share + (can_wait ? kDetachedStage.share : 0),
        [&] { measure_memory(session, subject, result.payload_pss_bytes); });
    if (!density_stages(subject).empty()) {
      add(Measurement::kDensity, sum_of_shares(density_stages(subject)), [&] { measure_density(session, subject); });
    }
    if (workload.ends_by_itself) {
      add(Measurement::kDensity, sum_of_shares(start_rate_stages()) + kArrivalStage.share,
          [&] { measure_start_rate(session, subject); });
    }
    if (is_embedded) {
      add(Measurement::kImageSize, image_size_share(), [&] { measure_image_sizes(session, subject, scratch, cache); });
    }
    if (is_embedded) add(Measurement::kSpeed, kSpeedStage.share, [&] { measure_speed(session, subject); });
    if (wanted.contains(Measurement::kStartUp) && workload.ends_by_itself) {
      spread_start(session, subject);
      measured_.insert(Measurement::kStartUp);
    }
    // Last, since strace(1) and an empty page cache disturb everything that comes after.
    add(Measurement::kIsolation, kIsolationStage.share, [&] { look_at_isolation(session, subject); });
    if (workload.ends_by_itself) {
      add(Measurement::kStartUp, kFirstStage.share, [&] { measure_first_start(session, subject); });
      add(Measurement::kStartUp, kColdStage.share, [&] { measure_cold_start(session, subject); });
    }
  }

  // Nobody is to find out from an empty table that there was nothing to measure.
  void require(const std::vector<std::string>& asked) const {
    for (const std::string& name : asked) {
      const auto known = std::ranges::find(kMeasurementNames, name);
      if (measured_.contains(static_cast<Measurement>(known - std::begin(kMeasurementNames)))) continue;
      throw Error("measure", "'" + name + "'", why_nothing_, hint_);
    }
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
  std::set<Measurement> measured_;
  std::string why_nothing_ = "there is nothing of it in what is compared";
  std::string hint_ = "leave out IMAGE and the command, or see --workload";
};

ImageFacts facts_of(const Workload& workload, const RootMaker& roots) {
  ImageFacts facts;
  if (!workload.is_embedded()) facts.given = workload.image;
  facts.directory = roots.image_directory();
  try {
    const ImageDigest digest = digest_image(roots.files());
    facts.digest = digest.text;
    facts.files = digest.files;
    facts.bytes = digest.bytes;
  } catch (const std::exception&) {
    // Not root's: some files are not for everybody to read. The digest stays empty.
  }
  return facts;
}

// Cells that only what waits can fill.
void say_not_idle(Session& session, const std::set<Measurement>& wanted, const std::string& why) {
  for (Entry& entry : session.entries()) {
    for (const Metric& metric : metrics()) {
      const bool is_idle_memory = metric.group == Group::kMemory && metric.id.starts_with("idle_");
      const bool is_of_many =
          metric.group == Group::kDensity && (metric.id.starts_with("total_") || metric.id.starts_with("additional_"));
      if ((is_idle_memory && wanted.contains(Measurement::kMemory)) ||
          (is_of_many && wanted.contains(Measurement::kDensity))) {
        entry.result.notes[std::string(metric.id)] = why;
      }
    }
  }
}

// A least number of rounds is made in any case, which may take longer than was asked for: nobody is to wonder.
std::string budget_warning(const ComparisonResult& result) {
  constexpr double kTolerated = 1.25;
  if (result.settings.runs != 0 || result.seconds <= kTolerated * result.settings.budget_s) return {};
  char text[200];
  std::snprintf(
      text, sizeof text,
      "it took %.0f s and not --budget %g s: the least number of rounds needs that; fewer runners (--with) or "
      "measurements (--measure) take less",
      result.seconds, result.settings.budget_s);
  return text;
}

}  // namespace

ComparisonResult run(Comparison& comparison, const image::CacheDir& cache, const ProgressCallback& progress) {
  ComparisonResult result;
  result.husk_version = husk_version();
  result.husk_commit = husk_commit();
  result.started = utc_now();
  result.seed = comparison.options.seed;
  result.payload = comparison.workload.description;
  result.payload_command = comparison.workload.start.argv;
  result.settings = comparison.settings;
  result.host = describe_host();
  adopt_orphans();
  // What the caller has left open is nothing that a runner or its payload should hold.
  constexpr unsigned kFirstBeyondStreams = 3;
  close_range(kFirstBeyondStreams, ~0U, CLOSE_RANGE_CLOEXEC);
  NoiseMeter noise;
  const std::uint64_t begin = monotonic_ns();

  Scratch scratch;
  Subject subject;
  subject.workload = &comparison.workload;
  subject.roots = scratch.make_roots("image", comparison.workload.image, cache);
  if (!comparison.workload.task_image.empty()) {
    subject.task_roots = scratch.make_roots("task-image", comparison.workload.task_image, cache);
    subject.unshared_task_images = [&](unsigned count) { return scratch.make_unshared("task-image", count, cache); };
  }
  result.image = facts_of(comparison.workload, *subject.roots);
  result.host.settings["image_file_system"] = file_system_of(image_path(comparison.workload.image, cache));
  result.host.settings["cache_file_system"] = file_system_of(cache.path());
  Context context;
  context.scratch = scratch.path();
  context.may_mount = scratch.is_private();
  context.husk = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "husk";

  Session session(context, comparison.options, [&](double done, const std::string& what, double left) {
    noise.look();
    progress(done, what, left);
  });
  try {
    for (const std::unique_ptr<Runner>& runner : comparison.runners) session.add(*runner);
    complete(comparison.workload, subject.task_roots ? subject.task_roots->files() : "");
    find_out_waiting(session, subject, comparison.workload);
    const Plan plan(session, subject, comparison.measurements, result, scratch, cache);
    plan.require(comparison.settings.measurements);
    if (!subject.why_not_idle().empty()) say_not_idle(session, comparison.measurements, subject.why_not_idle());
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
  result.slices = session.slices();
  result.warnings = noise_warnings(result.host);
  std::ranges::copy(drift_warnings(result, comparison.options.baseline), std::back_inserter(result.warnings));
  result.seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
  if (std::string warning = budget_warning(result); !warning.empty()) result.warnings.push_back(std::move(warning));
  return result;
}

}  // namespace husk::compare
