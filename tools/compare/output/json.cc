#include "tools/compare/output/json.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tools/compare/drift_warnings.h"
#include "tools/compare/metrics.h"
#include "tools/compare/output/choice_text.h"
#include "tools/compare/statistics/summary.h"

namespace husk::compare {
namespace {

using Json = nlohmann::ordered_json;

// Runners to which every other one's start-up is put in a ratio, besides the baseline: what a reader asks for first.
constexpr const char* kRatioTo[] = {"process", "namespace", "runc", "vm"};

Json to_json(const Host& host) {
  Json json = {{"cpu_model", host.cpu_model},
               {"cores", host.cores},
               {"memory_bytes", host.memory_bytes},
               {"kernel", host.kernel},
               {"os", host.os},
               {"kvm_backend", host.kvm_backend},
               {"guest_ring", host.guest_ring},
               {"meaning", meaning_of(host)},
               {"load_1min", host.load},
               {"others_percent", host.others_percent},
               {"own_percent", host.own_percent},
               {"steal_percent", host.steal_percent},
               {"mhz_low", host.mhz_low},
               {"mhz_high", host.mhz_high}};
  for (const auto& [name, value] : host.settings) json[name] = value;
  return json;
}

Json to_json(const Series& series) {
  Json rounds = Json::array();
  Json values = Json::array();
  Json times = Json::array();
  for (const Sample& sample : series) {
    rounds.push_back(sample.round);
    values.push_back(sample.value);
    times.push_back(std::round(sample.at_s * 1e6) / 1e6);
  }
  Json json = {{"round", rounds}, {"value", values}};
  if (std::ranges::any_of(series, [](const Sample& sample) { return sample.at_s > 0; }))
    json["at_s"] = std::move(times);
  return json;
}

Json to_json(const Summary& summary) {
  Json interval = nullptr;
  if (summary.interval) interval = {summary.interval->low, summary.interval->high};
  Json json = {{"count", summary.count}, {"median", summary.median}, {"interval", interval}, {"p5", summary.p5},
               {"p95", summary.p95},     {"least", summary.least},   {"most", summary.most}};
  json["p99"] = summary.p99 ? Json(*summary.p99) : Json(nullptr);
  json["p99_interval"] =
      summary.p99_interval ? Json{summary.p99_interval->low, summary.p99_interval->high} : Json(nullptr);
  if (summary.fit) {
    const Fit& fit = *summary.fit;
    json["fit"] = {{"instances", fit.instances}, {"ramps", fit.ramps}, {"steps", fit.steps}};
  }
  return json;
}

Json to_json(const std::vector<std::vector<ProcessMemory>>& samples) {
  Json all = Json::array();
  for (const std::vector<ProcessMemory>& processes : samples) {
    Json list = Json::array();
    for (const ProcessMemory& process : processes) {
      list.push_back({{"name", process.name}, {"pss_bytes", process.pss_bytes}});
    }
    all.push_back(std::move(list));
  }
  return all;
}

Json to_json(const std::string& runner, const Choice& choice) {
  if (!choice.has_variants()) return nullptr;
  Json tried = Json::object();
  for (const auto& [variant, series] : choice.tried) tried[variant] = to_json(series);
  return {{"name", choice.name},
          {"certain", choice.is_certain},
          {"meaning", describe(runner, choice)},
          {"tried_ns", tried},
          {"failed", choice.failed}};
}

Json summaries(const ComparisonResult& result, const RunnerResult& runner, const std::string& baseline) {
  std::set<std::string> others(std::begin(kRatioTo), std::end(kRatioTo));
  others.insert(baseline);
  Json all = Json::object();
  for (const auto& [metric, series] : runner.series) {
    const std::optional<Summary> summary = summarize_metric(runner, metric, result.seed);
    if (!summary) continue;
    Json one = to_json(*summary);
    one["ratio"] = Json::object();
    for (const std::string& name : others) {
      const RunnerResult* other = result.find(name);
      if (other == nullptr || other == &runner) continue;
      const auto ratio = summarize_metric_ratio(runner, *other, metric, result.seed);
      if (ratio) one["ratio"][name] = to_json(*ratio);
    }
    all[metric] = std::move(one);
  }
  return all;
}

// By metric: what the tests for drift say of the times, and of their ratios to the baseline.
Json drifts(const ComparisonResult& result, const RunnerResult& runner, const std::string& baseline) {
  const auto to_json = [](const Drift& drift) {
    return Json{{"slice_medians", drift.slice_medians},
                {"spread", drift.spread},
                {"batch_probability", drift.batch_probability},
                {"trend", drift.trend},
                {"trend_probability", drift.trend_probability}};
  };
  Json all = Json::object();
  for (const auto& [metric, series] : runner.series) {
    const std::optional<Drift> drift = drift_of(result, metric, series);
    if (!drift) continue;
    all[metric] = to_json(*drift);
    const RunnerResult* other = result.find(baseline);
    const Series* denominator = other == nullptr || other == &runner ? nullptr : other->find(metric);
    if (denominator == nullptr) continue;
    const std::optional<Drift> of_ratio = drift_of(result, metric, paired_ratios(series, *denominator));
    if (of_ratio) all[metric]["ratio"] = to_json(*of_ratio);
  }
  return all;
}

Json to_json(const ComparisonResult& result, const RunnerResult& runner, const std::string& baseline) {
  Json samples = Json::object();
  for (const auto& [metric, series] : runner.series) samples[metric] = to_json(series);
  Json failures = Json::object();
  for (const auto& [metric, count] : runner.failures) {
    failures[metric] = {{"failed", count.failed}, {"of", count.of}};
  }
  return {{"name", runner.name},
          {"version", runner.version},
          {"isolation", runner.isolation},
          {"reference", runner.is_reference},
          {"hardened_form_of", runner.hardened_form_of},
          {"status", name_of(runner.status)},
          {"note", runner.note},
          {"command", runner.command},
          {"configuration", runner.configuration},
          {"memory_limit", runner.memory_limit},
          {"standard_error", runner.last_words},
          {"choice", to_json(runner.name, runner.choice)},
          {"samples", samples},
          {"summary", summaries(result, runner, baseline)},
          {"drift", drifts(result, runner, baseline)},
          {"notes", runner.notes},
          {"failures", failures},
          {"idle_processes", to_json(runner.idle_processes)},
          {"detached_processes", to_json(runner.detached_processes)},
          {"isolation_facts", runner.isolation_facts},
          {"vm_exits", runner.vm_exits}};
}

Json to_json(const Settings& settings) {
  return {{"arguments", settings.arguments},
          {"budget_s", settings.budget_s},
          {"runs", settings.runs},
          {"timeout_s", settings.timeout_s},
          {"memory_bytes", settings.memory_bytes},
          {"measurements", settings.measurements},
          {"ready", settings.ready}};
}

Json to_json(const ImageFacts& image) {
  return {{"given", image.given},
          {"directory", image.directory},
          {"digest", image.digest},
          {"files", image.files},
          {"bytes", image.bytes}};
}

Json catalogue() {
  Json list = Json::array();
  for (const Metric& metric : metrics()) {
    list.push_back({{"id", metric.id},
                    {"group", name_of(metric.group)},
                    {"title", metric.title},
                    {"unit", name_of(metric.unit)},
                    {"higher_is_better", metric.higher_is_better}});
  }
  return list;
}

}  // namespace

const char* name_of(Status status) {
  switch (status) {
    case Status::kMeasured:
      return "measured";
    case Status::kNotAvailable:
      return "not available";
    case Status::kFailed:
      return "failed";
  }
  return "";
}

std::string format_json(const ComparisonResult& result, const std::string& baseline) {
  Json runners = Json::array();
  for (const RunnerResult& runner : result.runners) runners.push_back(to_json(result, runner, baseline));
  const Json document = {{"schema", {{"name", kSchemaName}, {"version", kSchemaVersion}}},
                         {"husk", {{"version", result.husk_version}, {"commit", result.husk_commit}}},
                         {"started", result.started},
                         {"seconds", result.seconds},
                         {"complete", result.complete},
                         {"seed", result.seed},
                         {"host", to_json(result.host)},
                         {"warnings", result.warnings},
                         {"options", to_json(result.settings)},
                         {"memory_limit_bytes", result.settings.memory_bytes},
                         {"image", to_json(result.image)},
                         {"payload",
                          {{"description", result.payload},
                           {"command", result.payload_command},
                           {"pss_bytes", to_json(result.payload_pss_bytes)}}},
                         {"slices", result.slices},
                         {"baseline", baseline},
                         {"metrics", catalogue()},
                         {"runners", runners}};
  // A path or an error message need not be UTF-8, but JSON is.
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace husk::compare
