#include "vmm/cli/run_options.h"

#include <algorithm>
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

// Whether the word behind this option, without a "=", is its value. Of letters that stand together (-ti) the first one that
// has a value takes what is left of the word.
bool awaits_value(const CLI::App& app, const std::string& word) {
  const auto has_value = [&](const std::string& name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    return option != nullptr && option->get_items_expected_max() > 0;
  };
  if (word.starts_with("--")) return has_value(word);
  for (std::size_t letter = 1; letter < word.size(); ++letter) {
    if (has_value(std::string("-") + word[letter])) return letter + 1 == word.size();
  }
  return false;
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
      "IMAGE is a directory with a root file system, a name made by `husk image import`, or a container image: "
      "oci:DIR[:TAG],\n"
      "oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], dir:DIR, or the path of one.\n"
      "Everything after IMAGE belongs to the payload.");
  app.prefix_command();  // IMAGE and all that follows it, options of the payload among it, are left alone
  app.add_option("-m,--memory", options.memory, "memory of the container (default 64M)")
      ->type_name("SIZE")
      ->each([&options](const std::string&) { options.spec.memory_limit_asked = true; });
  // One value for each -e: CLI11 would otherwise take IMAGE as a second one.
  app.add_option("-e,--env", options.environment, "set an environment variable; NAME alone takes the caller's value")
      ->type_name("NAME[=VALUE]")
      ->allow_extra_args(false);
  app.add_option("--env-file", options.environment_files,
                 "environment variables from a file, one NAME=VALUE or NAME a line; -e comes after it")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--entrypoint", options.wishes.entrypoint,
                 "program that gets COMMAND and ARGUMENTs as its arguments; '' runs COMMAND itself")
      ->type_name("PROGRAM");
  app.add_option("-w,--workdir", options.wishes.working_directory,
                 "working directory of the payload; made if it is missing")
      ->type_name("DIR");
  app.add_option(
         "-u,--user", options.user,
         "user and group of the payload, by name (in the image's /etc/passwd and /etc/group) or number; without "
         "GROUP the user's own and all that list it")
      ->type_name("NAME|UID[:GROUP|GID]");
  app.add_option("--name", options.name, "name of the container: while it runs no second one can have it");
  app.add_option("--hostname", options.wishes.hostname,
                 "host name that the payload sees (default husk), also written to its /etc/hostname and /etc/hosts");
  app.add_option("--add-host", options.hosts, "a line of the payload's /etc/hosts")
      ->type_name("NAME:ADDRESS")
      ->allow_extra_args(false);
  app.add_option("--tmpfs", options.tmpfs,
                 "an empty file system in memory at PATH; OPTIONS as /run:size=64m,mode=755,exec (nosuid, nodev and "
                 "noexec unless they say otherwise)")
      ->type_name("PATH[:OPTIONS]")
      ->allow_extra_args(false);
  app.add_flag("--read-only", options.spec.read_only,
               "nothing can be written to the root file system; to a --tmpfs, /dev/shm and /proc it can");
  app.add_option("--ulimit", options.ulimits,
                 "resource limit of the payload, as nofile=1024:4096 (getrlimit(2)); -1 is no limit")
      ->type_name("NAME=SOFT[:HARD]")
      ->allow_extra_args(false);
  app.add_option("--stop-signal", options.stop_signal,
                 "what the payload gets in the place of SIGTERM when that is sent to husk")
      ->type_name("SIGNAL");
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

void parse_run_options(CLI::App& app, int count, char** arguments) {
  std::vector<std::string> words;
  bool value = false;  // of the option before
  int index = 1;
  // Up to IMAGE, the first word that is neither an option nor an option's value.
  for (; index < count; ++index) {
    const std::string word = arguments[index];
    if (!value && (word.size() < 2 || word[0] != '-' || word == "--")) break;
    const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    if (!value && equals + 1 == word.size()) {
      words.push_back(word.substr(0, equals));
      words.emplace_back();
      continue;
    }
    words.push_back(word);
    value = !value && equals == std::string::npos && awaits_value(app, word);
  }
  for (; index < count; ++index) words.emplace_back(arguments[index]);
  std::ranges::reverse(words);  // as CLI11 takes them
  app.parse(std::move(words));
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
  spec.memory_bytes = parse_size(options.memory);

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
