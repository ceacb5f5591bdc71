#include "tools/compare/runners/husk.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tools/compare/isolation/vm_interfaces.h"
#include "tools/compare/version.h"

namespace husk::compare {
namespace {

Availability detect_husk(const Context& context) {
  if (access(context.husk.c_str(), X_OK) != 0) return {false, {}, "not there (" + context.husk.string() + ")"};
  return {true, "husk " + husk_version(), {}};
}

}  // namespace

compare::Isolation HuskHost::isolation() const {
  return isolation_ == "process" ? Isolation::kNone : Isolation::kNamespaces;
}

Availability HuskHost::detect(const Context& context) const {
  return detect_husk(context);
}

bool HuskHost::needs_directory(RootForm form) const {
  return isolation_ == "process" || form == RootForm::kReady;
}

void HuskHost::prepare(const Context& context) {
  husk_ = context.husk.string();
  may_mount_ = context.may_mount;
}

std::string HuskHost::objection(const Invocation& invocation) const {
  const bool wants_image_file = isolation_ == "namespace" && invocation.form == RootForm::kMade;
  return wants_image_file && !may_mount_ ? "only root may mount an image file" : "";
}

std::vector<std::string> HuskHost::command(const Invocation& invocation) {
  std::vector<std::string> words = {husk_, "run", "--isolation", isolation_};
  const Root& root = *invocation.root;
  if (isolation_ == "process") {
    words.push_back(root.directory.string());  // it cannot run an image file
  } else if (root.form == RootForm::kReady && root.is_private) {
    words.insert(words.end(), {"--in-place", root.directory.string()});
  } else {
    // Whoever may not mount a root may not mount an image file either.
    words.push_back(needs_directory(root.form) ? root.image_directory : root.image);
  }
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

Availability HuskVm::detect(const Context& context) const {
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {false, {}, "no access to /dev/kvm (see husk doctor)"};
  return detect_husk(context);
}

void HuskVm::prepare(const Context& context) {
  husk_ = context.husk.string();
  stats_file_ = (context.scratch / (name() + "-stats.json")).string();
}

std::vector<std::string> HuskVm::command(const Invocation& invocation) {
  std::vector<std::string> words = {husk_, "run"};
  words.insert(words.end(), options_.begin(), options_.end());
  if (invocation.memory_bytes != 0) words.insert(words.end(), {"-m", std::to_string(invocation.memory_bytes)});
  // Not in the runs whose start-up is timed: writing a file takes time.
  if (invocation.wants_timeline || invocation.wants_vm_exits) words.insert(words.end(), {"--stats", stats_file_});
  if (invocation.wants_vm_exits) words.emplace_back("--kvm-stats");
  words.push_back(invocation.root->image);
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

Timeline HuskVm::timeline(const std::string&) const {
  std::ifstream file(stats_file_);
  const nlohmann::json stats = nlohmann::json::parse(file, nullptr, false);
  const auto moment = [&](const char* name) -> std::optional<std::uint64_t> {
    if (!stats.is_object() || !stats.contains(name) || !stats[name].is_number_unsigned()) return std::nullopt;
    return stats[name].get<std::uint64_t>();
  };
  Timeline timeline;
  timeline.program_ns = moment("main_ns");
  timeline.guest_entered_ns = moment("guest_entered_ns");
  timeline.kernel_entry_ns = moment("kernel_entry_ns");
  timeline.first_instruction_ns = moment("payload_started_ns");
  timeline.last_instruction_ns = moment("payload_ended_ns");
  return timeline;
}

std::vector<std::string> HuskVm::interfaces(const std::vector<std::string>&) const {
  return husk_vm_interfaces();
}

nlohmann::ordered_json HuskVm::vm_exits() const {
  std::ifstream file(stats_file_);
  const auto stats = nlohmann::ordered_json::parse(file, nullptr, false);
  if (!stats.is_object()) return nullptr;
  nlohmann::ordered_json exits;
  for (const auto& [name, value] : stats.items()) {
    const bool is_wanted = name == "guest_ring" || name == "kvm_stats" || name.starts_with("exits_") ||
                           name == "guest_cpl0_instructions" || name == "guest_syscalls" || name == "guest_gates" ||
                           name == "guest_page_faults" || name == "guest_interrupts";
    if (is_wanted) exits[name] = value;
  }
  return exits;
}

}  // namespace husk::compare
