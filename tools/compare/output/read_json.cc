// The other half of json.cc: a file that anybody may have written, checked member by member.
#include <algorithm>
#include <optional>
#include <set>

#include "tools/compare/output/checked_json.h"
#include "tools/compare/output/json.h"

namespace husk::compare {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestName = 64;             // of a runner, a metric, a counter
constexpr std::uint64_t kMostInstances = 1'000'000;  // start_rate@N
constexpr std::uint64_t kMostCores = 1'000'000;

bool is_letter_or_digit(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

bool is_name(const std::string& text, const char* marks) {
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, [&](char byte) {
    return is_letter_or_digit(byte) || std::string_view(marks).find(byte) != std::string_view::npos;
  });
}

std::string runner_name(const CheckedJson& json) {
  std::string name = json.text();
  if (!is_name(name, "-_.+")) json.refuse("is not a runner's name (letters, digits, - _ . +; at most 64)");
  return name;
}

void check_counter_name(const CheckedJson& value, const std::string& name) {
  if (!is_name(name, "_-.")) value.refuse("has no counter's name (letters, digits, _ - .; at most 64)");
}

// "start_ns", "start_rate@4": as with_parameter() writes it.
void check_metric_id(const CheckedJson& value, const std::string& id) {
  const std::size_t at = id.find('@');
  bool is_valid = is_name(id.substr(0, at), "_");
  if (at != std::string::npos) {
    const std::string parameter = id.substr(at + 1);
    const bool is_number = !parameter.empty() && parameter.size() <= 7 && parameter[0] != '0' &&
                           parameter.find_first_not_of("0123456789") == std::string::npos;
    is_valid = is_valid && is_number && std::stoul(parameter) <= kMostInstances;
  }
  if (!is_valid) value.refuse("has no metric's id (as start_ns, or start_rate@4)");
}

Series read_series(const CheckedJson& json) {
  const CheckedJson rounds = json.at("round");
  const CheckedJson values = json.at("value");
  const std::size_t size = rounds.size();
  if (values.size() != size) json.refuse("has not as many rounds as values");
  // Earlier versions did not write when.
  const std::optional<CheckedJson> times = json.has("at_s") ? std::optional(json.at("at_s")) : std::nullopt;
  if (times && times->size() != size) json.refuse("has not as many times as values");
  Series series;
  series.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const CheckedJson round = rounds.element(i);
    const auto number = static_cast<std::uint32_t>(round.count(UINT32_MAX));
    // Pairs are found by going through two series side by side.
    if (!series.empty() && number < series.back().round) round.refuse("is less than the round before it");
    series.push_back({number, values.element(i).number(), times ? times->element(i).number() : 0});
  }
  return series;
}

Host read_host(const CheckedJson& json) {
  static const std::set<std::string> known = {"cpu_model", "kernel", "os", "kvm_backend", "guest_ring", "meaning"};
  Host host;
  host.cpu_model = json.at("cpu_model").text();
  host.cores = static_cast<unsigned>(json.at("cores").count(kMostCores));
  host.memory_bytes = json.at("memory_bytes").count();
  host.kernel = json.at("kernel").text();
  host.os = json.at("os").text();
  host.kvm_backend = json.at("kvm_backend").one_of({"vmx", "svm", "pvm", "none", "unknown"});
  host.guest_ring = json.at("guest_ring").one_of({"", "0", "3"});
  host.load = json.at("load_1min").number();
  // Earlier versions did not write it.
  host.others_percent = json.has("others_percent") ? json.at("others_percent").number() : 0;
  host.own_percent = json.has("own_percent") ? json.at("own_percent").number() : 0;
  host.steal_percent = json.at("steal_percent").number();
  host.mhz_low = json.at("mhz_low").number();
  host.mhz_high = json.at("mhz_high").number();
  // How the machine is set up: every other text.
  for (const auto& [name, value] : json.members()) {
    if (known.contains(name) || !value.is_text()) continue;
    check_counter_name(value, name);
    host.settings[name] = value.text();
  }
  return host;
}

// Earlier versions did not write them.
std::map<std::string, std::vector<std::uint32_t>> read_slices(const CheckedJson& json) {
  std::map<std::string, std::vector<std::uint32_t>> slices;
  if (!json.has("slices")) return slices;
  for (const auto& [metric, rounds] : json.at("slices").members()) {
    check_metric_id(rounds, metric);
    std::vector<std::uint32_t>& begins = slices[metric];
    for (const CheckedJson& round : rounds.elements()) {
      begins.push_back(static_cast<std::uint32_t>(round.count(UINT32_MAX)));
      if (begins.size() > 1 && begins.back() < begins[begins.size() - 2])
        round.refuse("is less than the one before it");
    }
  }
  return slices;
}

Json read_counts(const CheckedJson& json) {
  Json counts = Json::object();
  for (const auto& [name, value] : json.members()) {
    check_counter_name(value, name);
    counts[name] = value.count();
  }
  return counts;
}

// What docs/compare-json.md lists, in the order of the file.
Json read_isolation_facts(const CheckedJson& json) {
  if (json.is_null()) return nullptr;
  Json facts = Json::object();
  for (const auto& [name, value] : json.members()) {
    if (name == "seccomp" || name == "user" || name == "user_namespace") {
      facts[name] = value.text();
    } else if (name == "no_new_privileges") {
      facts[name] = value.flag();
    } else if (name == "syscalls_reachable" || name == "syscalls_with_certain_arguments" || name == "syscalls_total" ||
               name == "syscalls_observed" || name == "device_nodes_visible" || name == "processes" ||
               name == "kernel_functions" || name == "kernel_functions_beyond_process" ||
               name == "kernel_functions_added_by_work" || name == "kernel_function_calls_lost") {
      facts[name] = value.count();
    } else if (name == "reachable_names" || name == "namespaces" || name == "capabilities" || name == "devices" ||
               name == "kernel_interfaces" || name == "executables" || name == "namespaces_shared" ||
               name == "uid_maps" || name == "open_files" || name == "device_nodes" || name == "interfaces" ||
               name == "kernel_function_names") {
      facts[name] = value.texts();
    } else if (name == "observed_calls" || name == "kernel_functions_by_module") {
      facts[name] = read_counts(value);
    } else if (name == "unreadable") {
      for (const auto& [fact, why] : value.members()) facts[name][fact] = why.text();
    }
  }
  return facts;
}

// Counters, and an object of KVM's; which there are is for husk run --stats and KVM to say.
Json read_vm_exits(const CheckedJson& json) {
  if (json.is_null()) return nullptr;
  Json exits = Json::object();
  for (const auto& [name, value] : json.members()) {
    check_counter_name(value, name);
    if (value.is_null()) continue;
    if (name == "kvm_stats") {
      exits[name] = read_counts(value);
    } else {
      exits[name] = value.count();
    }
  }
  return exits;
}

Settings read_settings(const CheckedJson& json) {
  Settings settings;
  settings.arguments = json.at("arguments").texts();
  settings.budget_s = json.at("budget_s").number();
  settings.runs = static_cast<unsigned>(json.at("runs").count(UINT32_MAX));
  settings.timeout_s = json.at("timeout_s").number();
  settings.memory_bytes = json.at("memory_bytes").count();
  settings.measurements = json.at("measurements").texts();
  settings.ready = json.at("ready").text();
  return settings;
}

ImageFacts read_image(const CheckedJson& json) {
  ImageFacts image;
  image.given = json.at("given").text();
  image.directory = json.at("directory").text();
  image.digest = json.at("digest").text();
  image.files = json.at("files").count();
  image.bytes = json.at("bytes").count();
  return image;
}

// Earlier versions had no runner with variants.
Choice read_choice(const CheckedJson& json) {
  Choice choice;
  if (!json.has("choice") || json.at("choice").is_null()) return choice;
  const CheckedJson member = json.at("choice");
  choice.name = runner_name(member.at("name"));
  choice.is_certain = member.at("certain").flag();
  for (const auto& [variant, series] : member.at("tried_ns").members()) {
    check_counter_name(series, variant);
    choice.tried[variant] = read_series(series);
  }
  for (const auto& [variant, why] : member.at("failed").members()) {
    check_counter_name(why, variant);
    choice.failed[variant] = why.text();
  }
  return choice;
}

Status read_status(const CheckedJson& json) {
  const std::string name =
      json.one_of({name_of(Status::kMeasured), name_of(Status::kNotAvailable), name_of(Status::kFailed)});
  for (const Status status : {Status::kNotAvailable, Status::kFailed}) {
    if (name == name_of(status)) return status;
  }
  return Status::kMeasured;
}

std::vector<std::vector<ProcessMemory>> read_processes(const CheckedJson& json) {
  std::vector<std::vector<ProcessMemory>> samples;
  for (const CheckedJson& list : json.elements()) {
    std::vector<ProcessMemory>& processes = samples.emplace_back();
    for (const CheckedJson& process : list.elements()) {
      processes.push_back({0, process.at("name").text(), process.at("pss_bytes").count(), 0});
    }
  }
  return samples;
}

RunnerResult read_runner(const CheckedJson& json) {
  RunnerResult runner;
  runner.name = runner_name(json.at("name"));
  runner.version = json.at("version").text();
  runner.isolation = json.at("isolation").one_of({"none", "namespaces", "user-kernel", "vm", "language"});
  runner.is_reference = json.at("reference").flag();
  // Earlier versions did not write it.
  if (json.has("hardened_form_of") && !json.at("hardened_form_of").text().empty()) {
    runner.hardened_form_of = runner_name(json.at("hardened_form_of"));
  }
  runner.status = read_status(json.at("status"));
  runner.note = json.at("note").text();
  runner.command = json.at("command").texts();
  // Earlier versions did not write these.
  if (json.has("configuration")) runner.configuration = json.at("configuration").any();
  if (json.has("memory_limit")) runner.memory_limit = json.at("memory_limit").text();
  if (json.has("standard_error")) runner.last_words = json.at("standard_error").text();
  runner.choice = read_choice(json);
  for (const auto& [id, series] : json.at("samples").members()) {
    check_metric_id(series, id);
    runner.series[id] = read_series(series);
  }
  for (const auto& [id, note] : json.at("notes").members()) {
    check_metric_id(note, id);
    runner.notes[id] = note.text();
  }
  runner.idle_processes = read_processes(json.at("idle_processes"));
  // Earlier versions did not write these.
  if (json.has("detached_processes")) runner.detached_processes = read_processes(json.at("detached_processes"));
  if (json.has("failures")) {
    for (const auto& [id, counts] : json.at("failures").members()) {
      check_metric_id(counts, id);
      runner.failures[id] = {counts.at("failed").count(), counts.at("of").count()};
    }
  }
  runner.isolation_facts = read_isolation_facts(json.at("isolation_facts"));
  runner.vm_exits = read_vm_exits(json.at("vm_exits"));
  return runner;
}

std::vector<RunnerResult> read_runners(const CheckedJson& json) {
  std::vector<RunnerResult> runners;
  std::set<std::string> names;
  for (const CheckedJson& one : json.elements()) {
    runners.push_back(read_runner(one));
    if (!names.insert(runners.back().name).second) one.at("name").refuse("is the name of two runners");
  }
  if (runners.empty()) json.refuse("is empty");
  return runners;
}

}  // namespace

Document parse_json(const std::string& text, const std::string& name) {
  const Json parsed = parse_limited(text, name);
  const CheckedJson json(parsed, name);
  const CheckedJson schema = json.at("schema");
  if (schema.at("name").text() != kSchemaName || schema.at("version").count() != kSchemaVersion) {
    schema.refuse("is another one than this husk's");
  }
  Document document;
  ComparisonResult& result = document.result;
  result.husk_version = json.at("husk").at("version").text();
  result.husk_commit = json.at("husk").at("commit").text();
  result.started = json.at("started").text();
  result.seconds = json.at("seconds").number();
  result.complete = json.at("complete").flag();
  result.seed = json.at("seed").count();
  result.host = read_host(json.at("host"));
  result.warnings = json.at("warnings").texts();
  result.slices = read_slices(json);
  result.payload = json.at("payload").at("description").text();
  // Earlier versions did not write these three.
  if (json.at("payload").has("command")) result.payload_command = json.at("payload").at("command").texts();
  if (json.has("options")) result.settings = read_settings(json.at("options"));
  if (json.has("image")) result.image = read_image(json.at("image"));
  result.payload_pss_bytes = read_series(json.at("payload").at("pss_bytes"));
  document.baseline = runner_name(json.at("baseline"));
  result.runners = read_runners(json.at("runners"));
  return document;
}

}  // namespace husk::compare
