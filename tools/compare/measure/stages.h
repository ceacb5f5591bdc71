// The measurements: each fills in the metrics of one group. docs/methodology.md says what each includes.
#pragma once

#include "tools/compare/isolation/observe.h"
#include "tools/compare/measure/session.h"
#include "tools/compare/workload.h"

namespace husk::compare {

// What a comparison runs, and the roots that it lies in.
struct Subject {
  const Workload* workload = nullptr;
  Root root;       // of the embedded payload, or of the user's command
  Root task_root;  // of Workload::task_image

  Invocation start() const { return {&root, workload->start.argv, workload->is_embedded(), false}; }
  Invocation embedded(std::vector<std::string> argv) const { return {&root, std::move(argv), true, false}; }
};

// measure/start_up.cc
extern const Stage kStartStage;
extern const Stage kTimelineStage;
void measure_start(Session& session, const Subject& subject, const Stage& slice);  // start_ns; a slice of kStartStage
void measure_timeline(Session& session, const Subject& subject);  // embedded payload only: first instruction, phases
void record_commands(Session& session, const Subject& subject);  // of a start-up run
void record_vm_exits(Session& session, const Subject& subject);  // not timed

// measure/tasks.cc: task_*
constexpr double kTaskShare = 5;  // of each
void measure_tasks(Session& session, const Subject& subject);

// measure/cold_start.cc
extern const Stage kColdStage;
void measure_cold_start(Session& session, const Subject& subject);

// measure/memory_use.cc
extern const Stage kMemoryStage;
void measure_memory(Session& session, const Subject& subject, Series& payload_alone);

// measure/density.cc
std::vector<Stage> density_stages();
void measure_density(Session& session, const Subject& subject);
std::vector<Stage> start_rate_stages();
void measure_start_rate(Session& session, const Subject& subject);

// measure/speed.cc: embedded payload only
extern const Stage kSpeedStage;
void measure_speed(Session& session, const Subject& subject);

// measure/isolation_facts.cc: untimed, once
extern const Stage kIsolationStage;
void look_at_isolation(Session& session, const Subject& subject);
Observation observe_start(Session& session, const Subject& subject, Entry& entry);  // one run under strace

}  // namespace husk::compare
