#include "tools/compare/output/json.h"

#include <set>

#include "tools/compare/metrics.h"
#include "tools/compare/statistics/summary.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

using Json = nlohmann::ordered_json;

// Runners to which every other one's start-up is put in a ratio, besides the baseline: what a reader asks for first.
constexpr const char* kRatioTo[] = {"process", "namespace", "runc"};

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

Json to_json(const Host& host) {
  return {{"cpu_model", host.cpu_model},
          {"cores", host.cores},
          {"memory_bytes", host.memory_bytes},
          {"kernel", host.kernel},
          {"os", host.os},
          {"kvm_backend", host.kvm_backend},
          {"guest_ring", host.guest_ring},
          {"meaning", meaning_of(host)},
          {"load_1min", host.load},
          {"others_percent", host.others_percent},
          {"steal_percent", host.steal_percent},
          {"mhz_low", host.mhz_low},
          {"mhz_high", host.mhz_high}};
}

Json to_json(const Series& series) {
  Json rounds = Json::array();
  Json values = Json::array();
  for (const Sample& sample : series) {
    rounds.push_back(sample.round);
    values.push_back(sample.value);
  }
  return {{"round", rounds}, {"value", values}};
}

Json to_json(const Summary& summary) {
  Json interval = nullptr;
  if (summary.interval) interval = {summary.interval->low, summary.interval->high};
  return {{"count", summary.count}, {"median", summary.median}, {"interval", interval}, {"p5", summary.p5},
          {"p95", summary.p95},     {"least", summary.least},   {"most", summary.most}};
}

Json summaries(const ComparisonResult& result, const RunnerResult& runner, const std::string& baseline) {
  std::set<std::string> others(std::begin(kRatioTo), std::end(kRatioTo));
  others.insert(baseline);
  Json all = Json::object();
  for (const auto& [metric, series] : runner.series) {
    const std::optional<Summary> summary = summarize(&series, result.seed);
    if (!summary) continue;
    Json one = to_json(*summary);
    one["ratio"] = Json::object();
    for (const std::string& name : others) {
      const RunnerResult* other = result.find(name);
      if (other == nullptr || other == &runner) continue;
      const auto ratio = summarize_ratio(&series, other->find(metric), result.seed);
      if (ratio) one["ratio"][name] = to_json(*ratio);
    }
    all[metric] = std::move(one);
  }
  return all;
}

Json to_json(const ComparisonResult& result, const RunnerResult& runner, const std::string& baseline) {
  Json samples = Json::object();
  for (const auto& [metric, series] : runner.series) samples[metric] = to_json(series);
  Json idle_processes = Json::array();
  for (const std::vector<ProcessMemory>& processes : runner.idle_processes) {
    Json list = Json::array();
    for (const ProcessMemory& process : processes) {
      list.push_back({{"name", process.name}, {"pss_bytes", process.pss_bytes}});
    }
    idle_processes.push_back(std::move(list));
  }
  return {{"name", runner.name},
          {"version", runner.version},
          {"isolation", runner.isolation},
          {"reference", runner.is_reference},
          {"status", name_of(runner.status)},
          {"note", runner.note},
          {"command", runner.command},
          {"samples", samples},
          {"summary", summaries(result, runner, baseline)},
          {"notes", runner.notes},
          {"idle_processes", idle_processes},
          {"isolation_facts", runner.isolation_facts},
          {"vm_exits", runner.vm_exits}};
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

Series read_series(const Json& json) {
  const Json& rounds = json.at("round");
  const Json& values = json.at("value");
  if (rounds.size() != values.size()) throw Error("read", "samples", "there are not as many rounds as values");
  Series series;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    series.push_back({rounds[i].get<std::uint32_t>(), values[i].get<double>()});
  }
  return series;
}

Host read_host(const Json& json) {
  Host host;
  json.at("cpu_model").get_to(host.cpu_model);
  json.at("cores").get_to(host.cores);
  json.at("memory_bytes").get_to(host.memory_bytes);
  json.at("kernel").get_to(host.kernel);
  json.at("os").get_to(host.os);
  json.at("kvm_backend").get_to(host.kvm_backend);
  json.at("guest_ring").get_to(host.guest_ring);
  json.at("load_1min").get_to(host.load);
  host.others_percent = json.value("others_percent", 0.0);  // earlier versions did not write it
  json.at("steal_percent").get_to(host.steal_percent);
  json.at("mhz_low").get_to(host.mhz_low);
  json.at("mhz_high").get_to(host.mhz_high);
  return host;
}

RunnerResult read_runner(const Json& json) {
  RunnerResult runner;
  json.at("name").get_to(runner.name);
  json.at("version").get_to(runner.version);
  json.at("isolation").get_to(runner.isolation);
  json.at("reference").get_to(runner.is_reference);
  const std::string status = json.at("status");
  for (const Status one : {Status::kMeasured, Status::kNotAvailable, Status::kFailed}) {
    if (status == name_of(one)) runner.status = one;
  }
  json.at("note").get_to(runner.note);
  json.at("command").get_to(runner.command);
  for (const auto& [metric, series] : json.at("samples").items()) runner.series[metric] = read_series(series);
  for (const auto& [metric, note] : json.at("notes").items()) runner.notes[metric] = note.get<std::string>();
  for (const Json& list : json.at("idle_processes")) {
    std::vector<ProcessMemory>& processes = runner.idle_processes.emplace_back();
    for (const Json& process : list) processes.push_back({0, process.at("name"), process.at("pss_bytes"), 0});
  }
  runner.isolation_facts = json.at("isolation_facts");
  runner.vm_exits = json.at("vm_exits");
  return runner;
}

}  // namespace

std::string format_json(const ComparisonResult& result, const std::string& baseline) {
  Json runners = Json::array();
  for (const RunnerResult& runner : result.runners) runners.push_back(to_json(result, runner, baseline));
  const Json document = {
      {"schema", {{"name", kSchemaName}, {"version", kSchemaVersion}}},
      {"husk", {{"version", result.husk_version}, {"commit", result.husk_commit}}},
      {"started", result.started},
      {"seconds", result.seconds},
      {"complete", result.complete},
      {"seed", result.seed},
      {"host", to_json(result.host)},
      {"warnings", result.warnings},
      {"payload", {{"description", result.payload}, {"pss_bytes", to_json(result.payload_pss_bytes)}}},
      {"baseline", baseline},
      {"metrics", catalogue()},
      {"runners", runners}};
  // A path or an error message need not be UTF-8, but JSON is.
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Document parse_json(const std::string& text, const std::string& name) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded())
    throw Error("read", name, "it is not JSON", "give a file that husk compare --json has written");
  try {
    if (json.at("schema").at("name") != kSchemaName || json.at("schema").at("version") != kSchemaVersion) {
      throw Error("read", name, "it is of another schema or version", "make it again with this husk");
    }
    Document document;
    ComparisonResult& result = document.result;
    json.at("husk").at("version").get_to(result.husk_version);
    json.at("husk").at("commit").get_to(result.husk_commit);
    json.at("started").get_to(result.started);
    json.at("seconds").get_to(result.seconds);
    json.at("complete").get_to(result.complete);
    json.at("seed").get_to(result.seed);
    result.host = read_host(json.at("host"));
    json.at("warnings").get_to(result.warnings);
    json.at("payload").at("description").get_to(result.payload);
    result.payload_pss_bytes = read_series(json.at("payload").at("pss_bytes"));
    json.at("baseline").get_to(document.baseline);
    for (const Json& runner : json.at("runners")) result.runners.push_back(read_runner(runner));
    return document;
  } catch (const Json::exception& error) {
    throw Error("read", name, error.what(), "give a file that husk compare --json has written");
  }
}

}  // namespace husk::compare
