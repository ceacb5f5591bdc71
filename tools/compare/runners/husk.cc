#include "tools/compare/runners/husk.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/compare/version.h"

namespace husk::compare {

Availability HuskHost::detect(const Workload&, const Context& context) const {
  if (access(context.husk.c_str(), X_OK) != 0) return {false, {}, "not there (" + context.husk.string() + ")"};
  return {true, husk_version(), {}};
}

void HuskHost::prepare(const Workload& workload, const Context& context) {
  husk_ = context.husk.string();
  // What a plain process writes stays written, and it cannot run an image file: it gets the directory that the other
  // programs get. The embedded payload writes nothing.
  const bool write_protect = isolation_ == "process" && !workload.is_embedded();
  image_ = write_protect ? context.root.string() : workload.image;
}

std::vector<std::string> HuskHost::command(const Workload& workload, Phase phase) {
  std::vector<std::string> arguments = {husk_, "run", "--isolation", isolation_, image_};
  for (const std::string& word : payload(workload, phase)) arguments.push_back(word);
  return arguments;
}

Availability HuskVm::detect(const Workload& workload, const Context& context) const {
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  return HuskHost::detect(workload, context);
}

void HuskVm::prepare(const Workload& workload, const Context& context) {
  HuskHost::prepare(workload, context);
  stats_file_ = (context.scratch / "vm-stats.json").string();
}

std::vector<std::string> HuskVm::command(const Workload& workload, Phase phase) {
  std::vector<std::string> arguments = HuskHost::command(workload, phase);
  // Not in the runs whose start-up is timed: writing a file takes time.
  if (phase == Phase::kStamp) arguments.insert(arguments.begin() + 2, {"--stats", stats_file_});
  return arguments;
}

std::optional<std::uint64_t> HuskVm::statistic(const char* name) const {
  std::ifstream file(stats_file_);
  const nlohmann::json stats = nlohmann::json::parse(file, nullptr, false);
  if (!stats.is_object() || !stats.contains(name)) return std::nullopt;
  return stats[name].get<std::uint64_t>();
}

std::optional<std::uint64_t> HuskVm::first_instruction(const std::string&) const {
  return statistic("payload_started_ns");
}

std::optional<std::uint64_t> HuskVm::guest_boot() const {
  const auto entry = statistic("kernel_entry_ns");
  const auto payload = statistic("payload_started_ns");
  if (!entry || !payload || *payload < *entry) return std::nullopt;
  return *payload - *entry;
}

}  // namespace husk::compare
