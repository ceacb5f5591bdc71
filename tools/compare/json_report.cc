#include "tools/compare/json_report.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/compare/version.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Host& host) {
  return {{"cpu_model", host.cpu_model}, {"cores", host.cores}, {"memory_bytes", host.memory_bytes},
          {"kernel", host.kernel},       {"os", host.os},       {"kvm_backend", host.kvm_backend},
          {"load_1min", host.load}};
}

Json to_json(const std::vector<ProcessMemory>& processes) {
  Json list = Json::array();
  for (const ProcessMemory& process : processes) {
    list.push_back({{"name", process.name}, {"pss_bytes", process.pss_bytes}});
  }
  return list;
}

Json to_json(const RunnerResult& runner) {
  Json idle_processes = Json::array();
  for (const std::vector<ProcessMemory>& processes : runner.idle_processes)
    idle_processes.push_back(to_json(processes));
  return {{"name", runner.name},
          {"version", runner.version},
          {"reference", runner.is_reference},
          {"note", runner.note},
          {"command", runner.command},
          {"samples",
           {{"start_ns", runner.start_ns},
            {"first_instruction_ns", runner.first_instruction_ns},
            {"guest_boot_ns", runner.guest_boot_ns},
            {"peak_pss_bytes", runner.peak_pss_bytes},
            {"idle_pss_bytes", runner.idle_pss_bytes},
            {"idle_processes", idle_processes}}}};
}

}  // namespace

std::string format_json(const ComparisonResult& result, const Host& host) {
  Json runners = Json::array();
  for (const RunnerResult& runner : result.runners) runners.push_back(to_json(runner));
  const Json document = {{"schema", {{"name", kSchemaName}, {"version", kSchemaVersion}}},
                         {"husk", {{"version", husk_version()}, {"commit", husk_commit()}}},
                         {"started", result.started},
                         {"complete", result.complete},
                         {"host", to_json(host)},
                         {"payload", {{"description", result.payload}, {"pss_bytes", result.payload_pss_bytes}}},
                         {"runs", result.runs},
                         {"runners", runners}};
  // A path or an error message need not be UTF-8, but JSON is.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_json(const std::string& path, const ComparisonResult& result, const Host& host) {
  std::ofstream file(path);
  file << format_json(result, host);
  file.close();
  if (!file) throw Error::from_errno("write", path);
}

}  // namespace husk::compare
