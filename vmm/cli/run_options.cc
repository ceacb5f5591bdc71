#include "vmm/cli/run_options.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>

#include "vmm/error.h"
#include "vmm/log.h"

namespace husk::cli {
namespace {

constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMaxHostname = 64;  // HOST_NAME_MAX, gethostname(2)

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint32_t parse_id(std::string_view text, const std::string& whole) {
  const std::optional<std::uint64_t> value = parse_number(text);
  // The largest value means "no change" to chown(2) and its like, so it is nobody's id.
  if (!value || *value >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error("use", "-u " + whole, "not a numeric UID or UID:GID");
  }
  return static_cast<std::uint32_t>(*value);
}

void parse_user(const std::string& text, ContainerSpec& spec) {
  const std::size_t colon = text.find(':');
  spec.uid = parse_id(std::string_view(text).substr(0, colon), text);
  if (colon != std::string::npos) spec.gid = parse_id(std::string_view(text).substr(colon + 1), text);
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// Replaces the variable of the same name, or adds it: the last one that is given counts.
void set_variable(std::vector<std::string>& environment, std::string variable) {
  for (std::string& existing : environment) {
    if (name_of(existing) == name_of(variable)) {
      existing = std::move(variable);
      return;
    }
  }
  environment.push_back(std::move(variable));
}

std::vector<std::string> make_environment(const RunOptions& options) {
  std::vector<std::string> environment{std::string(kDefaultPath), "HOSTNAME=" + options.spec.hostname};
  if (options.spec.terminal) {
    const char* terminal = std::getenv("TERM");
    environment.push_back(std::string("TERM=") + (terminal != nullptr ? terminal : "xterm"));
  }
  if (options.spec.uid == 0) environment.emplace_back("HOME=/root");  // in every image: not worth a look into it
  for (const std::string& variable : options.environment) {
    if (variable.empty() || variable[0] == '=') throw Error("use", "-e " + variable, "no name before the '='");
    if (variable.find('=') != std::string::npos) {
      set_variable(environment, variable);
    } else if (const char* value = std::getenv(variable.c_str())) {
      set_variable(environment, variable + "=" + value);  // "-e NAME": the caller's value, as docker does
    }
  }
  return environment;
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

void declare_run_options(CLI::App& app, RunOptions& options) {
  app.name("husk run");
  app.description("Run one container payload, isolated by a micro-VM, by namespaces, or not at all");
  app.footer(
      "husk run [OPTIONS] IMAGE [COMMAND [ARGUMENT...]]\n"
      "IMAGE is a directory with a root file system, or a name made by `husk image import`.\n"
      "Everything after IMAGE belongs to the payload.");
  app.prefix_command();  // IMAGE and all that follows it, options of the payload among it, are left alone
  app.add_option("-m,--memory", options.memory, "memory of the container (default 64M)")
      ->type_name("SIZE")
      ->each([&options](const std::string&) { options.spec.memory_limit_asked = true; });
  // One value for each -e: CLI11 would otherwise take IMAGE as a second one.
  app.add_option("-e,--env", options.environment, "set an environment variable; NAME alone takes the caller's value")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("-w,--workdir", options.spec.cwd, "working directory of the payload")->type_name("DIR");
  app.add_option("-u,--user", options.user, "numeric user and group of the payload")->type_name("UID[:GID]");
  app.add_option("--hostname", options.spec.hostname, "host name that the payload sees (default husk)");
  app.add_option("--isolation", options.isolation, "vm (default), namespace or process")->type_name("HOW");
  app.add_flag(
      "--in-place", options.in_place,
      "with --isolation namespace: IMAGE, a directory, is the payload's root itself, and what it writes stays there");
  app.add_option("--guest-ring", options.guest_ring, "privilege ring of the guest kernel: auto (default), 0 or 3")
      ->type_name("RING");
  app.add_option("--jail", options.jail_level,
                 "how the VMM is confined: basic (default), or full, which adds namespaces and takes longer to start")
      ->type_name("LEVEL");
  app.add_flag("-t,--tty", options.spec.terminal, "give the payload a terminal");
  app.add_flag("-i,--interactive", options.interactive,
               "accepted as docker has it; standard input is always connected");
  app.add_option("--kernel", options.kernel_path, "guest kernel to boot instead of the embedded one")
      ->type_name("FILE");
  app.add_option("--log-level", options.log_level, "error, warning (default), info or debug")->type_name("LEVEL");
  app.add_option("--stats", options.stats_path, "write times and counters of the micro-VM as JSON")->type_name("FILE");
  app.add_flag("--kvm-stats", options.kvm_stats,
               "with --stats: also KVM's own counters, exits by reason; reading them takes time")
      ->needs("--stats");
}

void finish_run_options(RunOptions& options, std::vector<std::string> rest) {
  apply_log_level(options.log_level);
  ContainerSpec& spec = options.spec;
  if (!rest.empty() && rest[0] == "--") rest.erase(rest.begin());
  if (rest.empty()) throw Error("run", "", "no IMAGE is given", "see `husk run --help`");
  if (rest[0].size() > 1 && rest[0][0] == '-') throw Error("use", rest[0], "no such option", "see `husk run --help`");
  if (rest[0].empty()) throw Error("run", "''", "IMAGE is empty");
  spec.image = rest[0];
  spec.argv.assign(rest.begin() + 1, rest.end());

  spec.memory_bytes = parse_size(options.memory);
  if (spec.argv.empty()) spec.argv = {"/bin/sh"};  // a directory names no command of its own
  if (!options.user.empty()) parse_user(options.user, spec);
  if (spec.hostname.empty() || spec.hostname.size() > kMaxHostname) {
    throw Error("use", "--hostname '" + spec.hostname + "'", "a host name has 1 to 64 characters");
  }
  if (spec.cwd.empty() || spec.cwd[0] != '/') throw Error("use", "-w '" + spec.cwd + "'", "not an absolute path");

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
    throw Error("use", "-m " + options.memory, "too little to start a process in", "give 1M or more");
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
  spec.env = make_environment(options);
}

}  // namespace husk::cli
