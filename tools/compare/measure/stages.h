// The measurements: each fills in the metrics of one group. docs/methodology.md says what each includes.
#pragma once

#include <functional>

#include "tools/compare/isolation/observe.h"
#include "tools/compare/measure/session.h"
#include "tools/compare/scratch.h"
#include "tools/compare/workload.h"

namespace husk::compare {

// What a comparison runs, and where the roots that it runs in come from.
struct Subject {
  const Workload* workload = nullptr;
  std::unique_ptr<RootMaker> roots;       // of the embedded payload, or of the user's command
  std::unique_ptr<RootMaker> task_roots;  // of Workload::task_image; may be null
  // As many copies of that image as are asked for. Throws husk::Error where they cannot be had.
  std::function<UnsharedImages(unsigned count)> unshared_task_images;

  Invocation start(RootForm form = RootForm::kReady) const;
  Invocation task(const Task& task) const;
  Invocation embedded(std::vector<std::string> argv) const;

  // An instance that comes to wait, and can be looked at then: the embedded payload, or the user's command where it
  // waits. Only when why_not_idle() is empty.
  Invocation idle() const;
  std::string why_not_idle() const;
};

// measure/start_up.cc
extern const Stage kStartStage;
extern const Stage kRootStage;
extern const Stage kTimelineStage;
void measure_start(Session& session, const Subject& subject, const Stage& slice);  // start_ns; a slice of kStartStage
void measure_with_root(Session& session, const Subject& subject);                  // the other forms of the root
void measure_timeline(Session& session, const Subject& subject);  // embedded payload only: first instruction, phases
void record_commands(Session& session, const Subject& subject);   // of a start-up run
void record_vm_exits(Session& session, const Subject& subject);   // not timed

// From the start of its clock to its end (measure/instance.h), in ns; `output`, where it is wanted: what it wrote.
double time_run(Session& session, Entry& entry, const Invocation& invocation, std::string* output = nullptr);

// measure/first_start.cc
extern const Stage kFirstStage;
void measure_first_start(Session& session, const Subject& subject);

// measure/image_size.cc: embedded payload only
double image_size_share();
void measure_image_sizes(Session& session, const Subject& subject, Scratch& scratch, const image::CacheDir& cache);

// measure/waiting.cc
extern const Stage kReadyStage;
void find_out_waiting(Session& session, const Subject& subject, Workload& workload);
void measure_ready(Session& session, const Subject& subject);  // of a command with --ready

// measure/tasks.cc: task_*
constexpr double kTaskShare = 5;  // of each
void measure_tasks(Session& session, const Subject& subject);

// measure/cold_start.cc
extern const Stage kColdStage;
void measure_cold_start(Session& session, const Subject& subject);

// measure/memory_use.cc
extern const Stage kMemoryStage;
extern const Stage kDetachedStage;
void measure_memory(Session& session, const Subject& subject, Series& payload_alone);

// measure/density.cc
std::vector<Stage> density_stages(const Subject& subject);
void measure_density(Session& session, const Subject& subject);

// measure/start_rate.cc
std::vector<Stage> start_rate_stages();
extern const Stage kArrivalStage;
void measure_start_rate(Session& session, const Subject& subject);

// measure/speed.cc: embedded payload only
extern const Stage kSpeedStage;
void measure_speed(Session& session, const Subject& subject);

// measure/isolation_facts.cc: untimed, once
extern const Stage kIsolationStage;
void look_at_isolation(Session& session, const Subject& subject);
Observation observe_start(Session& session, const Subject& subject, Entry& entry);  // one run under strace

}  // namespace husk::compare
