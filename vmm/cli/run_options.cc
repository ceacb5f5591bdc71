#include "vmm/cli/run_options.h"

#include <cstdlib>
#include <utility>

#include "vmm/config/env_file.h"
#include "vmm/config/values.h"
#include "vmm/error.h"
#include "vmm/inherited_limits.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

// The variables of --env-file and then of -e. A name alone takes the caller's value, and is left out if that has none.
std::vector<std::string> asked_environment(const RunOptions& options) {
  std::vector<std::string> variables;
  const auto add = [&](const std::string& variable) {
    if (variable.find('=') != std::string::npos) {
      variables.push_back(variable);
    } else if (const char* value = std::getenv(variable.c_str())) {
      variables.push_back(variable + "=" + value);
    }
  };
  for (const std::string& file : options.environment_files) {
    for (const std::string& variable : config::read_env_file(file)) add(variable);
  }
  for (const std::string& variable : options.environment) {
    if (variable.empty() || variable[0] == '=') throw Error("use", "-e " + variable, "no name before the '='");
    add(variable);
  }
  return variables;
}

// Everything that can be said of the values without the image is said before it is looked for.
void read_wishes(RunOptions& options) {
  config::Wishes& wishes = options.wishes;
  if (!options.name.empty()) config::check_name(options.name);
  if (!options.user.empty()) wishes.user = config::parse_user(options.user);
  if (!options.stop_signal.empty()) wishes.stop_signal = config::parse_signal(options.stop_signal);
  if (wishes.hostname) config::check_hostname(*wishes.hostname);
  const std::string& directory = wishes.working_directory.value_or("/");
  if (!directory.starts_with('/')) throw Error("use", "-w '" + directory + "'", "not an absolute path");
  for (const std::string& text : options.tmpfs) wishes.tmpfs.push_back(config::parse_tmpfs(text));
  for (const std::string& text : options.ulimits) wishes.limits.push_back(config::parse_limit(text));
  for (const std::string& text : options.hosts) wishes.hosts.push_back(config::parse_host(text));
  wishes.environment = asked_environment(options);
}

// What needs a mount namespace, or a kernel, of the payload's own.
void refuse_in_plain_process(const RunOptions& options) {
  const auto refuse = [](const char* option) {
    throw Error("use", option, "a plain process has the host's file systems", "use --isolation vm or namespace");
  };
  if (!options.tmpfs.empty()) refuse("--tmpfs");
  if (options.spec.read_only) refuse("--read-only");
  if (!options.hosts.empty()) refuse("--add-host");
}

}  // namespace

void apply_log_level(const std::string& word) {
  using log::Severity;
  if (word == "error") return log::set_level(Severity::kError);
  if (word == "warning" || word == "warn") return log::set_level(Severity::kWarning);
  if (word == "info") return log::set_level(Severity::kInfo);
  if (word == "debug") return log::set_level(Severity::kDebug);
  throw Error("use", "--log-level " + word, "not one of error, warning, info, debug");
}

void finish_run_options(RunOptions& options, std::vector<std::string> rest) {
  apply_log_level(options.log_level);
  ContainerSpec& spec = options.spec;
  if (!rest.empty() && rest[0] == "--") rest.erase(rest.begin());
  if (rest.empty()) throw Error("run", "", "no IMAGE is given", "see `husk run --help`");
  if (rest[0].size() > 1 && rest[0][0] == '-') throw Error("use", rest[0], "no such option", "see `husk run --help`");
  if (rest[0].empty()) throw Error("run", "''", "IMAGE is empty");
  spec.image = rest[0];
  options.wishes.command.assign(rest.begin() + 1, rest.end());
  if (options.memory) {
    spec.memory_limit_asked = true;
    spec.memory_bytes = parse_size(*options.memory);
  }

  if (options.isolation == "vm") {
    spec.isolation = Isolation::kVm;
  } else if (options.isolation == "namespace") {
    spec.isolation = Isolation::kNamespace;
  } else if (options.isolation == "process") {
    spec.isolation = Isolation::kProcess;
  } else {
    throw Error("use", "--isolation " + options.isolation, "not one of vm, namespace, process");
  }
  if (options.in_place && spec.isolation != Isolation::kNamespace) {
    throw Error("use", "--in-place", "it is for --isolation namespace");
  }
  // In a control group of less the kernel kills what is to become the payload, and husk, whose memory it shares.
  constexpr std::uint64_t kLeastGroup = std::uint64_t{1} << 20;
  if (spec.isolation == Isolation::kNamespace && spec.memory_limit_asked && spec.memory_bytes < kLeastGroup) {
    throw Error("use", "-m " + *options.memory, "too little to start a process in", "give 1M or more");
  }
  if (spec.isolation == Isolation::kVm) spec.limits = inherited_limits();
  if (options.guest_ring == "auto") {
    spec.guest_ring = GuestRing::kAuto;
  } else if (options.guest_ring == "0") {
    spec.guest_ring = GuestRing::kRing0;
  } else if (options.guest_ring == "3") {
    spec.guest_ring = GuestRing::kRing3;
  } else {
    throw Error("use", "--guest-ring " + options.guest_ring, "not one of auto, 0, 3");
  }
  if (options.jail_level == "basic") {
    options.jail = sandbox::JailLevel::kBasic;
  } else if (options.jail_level == "full") {
    if (spec.isolation != Isolation::kVm)
      throw Error("use", "--jail full", "it confines a VMM", "leave out --isolation");
    options.jail = sandbox::JailLevel::kFull;
  } else {
    throw Error("use", "--jail " + options.jail_level, "not one of basic, full");
  }
  if (spec.isolation == Isolation::kProcess) refuse_in_plain_process(options);
  if (options.in_place && !options.hosts.empty()) {
    throw Error("use", "--add-host with --in-place", "it would change the files of IMAGE");
  }
  read_wishes(options);
  if (const char* terminal = std::getenv("TERM"); terminal != nullptr && spec.terminal) {
    options.wishes.terminal_type = terminal;
  }
}

}  // namespace husk::cli
