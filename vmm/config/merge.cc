#include "vmm/config/merge.h"

#include <sys/mount.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/own_places.h"
#include "vmm/error.h"

namespace husk::config {
namespace {

constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// Replaces the variable of the same name, or adds it: the last one that is given counts.
void set_variable(std::vector<std::string>& environment, const std::string& variable) {
  const auto existing = std::ranges::find(environment, name_of(variable), name_of);
  if (existing != environment.end()) {
    *existing = variable;
  } else {
    environment.push_back(variable);
  }
}

// An entry point of the user's own takes the image's command away with the image's entry point, as in docker.
std::vector<std::string> arguments(const Wishes& wishes, const ImageConfig& image) {
  std::vector<std::string> words;
  if (!wishes.entrypoint) {
    words = image.entrypoint;
  } else if (!wishes.entrypoint->empty()) {
    words = {*wishes.entrypoint};
  }
  const bool images_own = wishes.command.empty() && !wishes.entrypoint;
  const std::vector<std::string>& rest = images_own ? image.command : wishes.command;
  words.insert(words.end(), rest.begin(), rest.end());
  if (words.empty()) {
    throw Error(
        "run", "",
        wishes.entrypoint ? "without an entry point there is no command" : "IMAGE names no command, and none is given",
        "give a COMMAND behind IMAGE");
  }
  return words;
}

std::vector<std::string> environment(const Wishes& wishes, const ImageConfig& image, const ContainerSpec& spec) {
  std::vector<std::string> variables{std::string(kDefaultPath), "HOSTNAME=" + spec.hostname};
  if (spec.terminal) variables.push_back("TERM=" + (wishes.terminal_type.empty() ? "xterm" : wishes.terminal_type));
  // Of whom it is not in every image it is looked up there.
  if (spec.uid == 0 && spec.user.empty()) variables.emplace_back("HOME=/root");
  for (const std::string& variable : image.environment) set_variable(variables, variable);
  for (const std::string& variable : wishes.environment) set_variable(variables, variable);
  return variables;
}

void merge_tmpfs(const Wishes& wishes, const ImageConfig& image, ContainerSpec& spec) {
  spec.tmpfs = wishes.tmpfs;
  const auto by_path = [&](const std::string& path) {
    return std::ranges::count(spec.tmpfs, path, [](const TmpfsMount& mount) { return mount.path; });
  };
  for (const TmpfsMount& mount : spec.tmpfs) {
    if (by_path(mount.path) > 1) throw Error("use", "--tmpfs " + mount.path, "it is given twice");
  }
  for (const std::string& volume : image.volumes) {
    const auto path = clean_path(volume);
    if (!path || is_husks_own(*path))
      throw Error("use", "the image's volume '" + volume + "'", "it cannot be mounted there");
    if (by_path(*path) == 0) spec.tmpfs.push_back({.path = *path, .flags = MS_NODEV, .options = {}});
  }
  // What is above comes first, or it would cover what is below.
  std::ranges::stable_sort(spec.tmpfs, {}, [](const TmpfsMount& mount) { return std::ranges::count(mount.path, '/'); });
}

// What is wrong with a value of the image's is not an option's fault.
template <typename Parse>
auto of_image(const char* what, const std::string& value, Parse parse) {
  try {
    return parse(value);
  } catch (const Error& error) {
    throw Error("use", "what the image says of " + std::string(what), error.what());
  }
}

void merge_limits(const Wishes& wishes, ContainerSpec& spec) {
  for (const ResourceLimit& limit : wishes.limits) {
    const auto same = std::ranges::find(spec.limits, limit.resource, &ResourceLimit::resource);
    if (same != spec.limits.end()) {
      *same = limit;
    } else {
      spec.limits.push_back(limit);
    }
  }
}

// Docker covers these three in every container. Here they are the image's own until somebody says what is to be in them:
// that keeps a start short, and the only network is the loopback, whose name servers nobody can tell.
void merge_etc_files(const Wishes& wishes, ContainerSpec& spec) {
  if (!wishes.hostname && wishes.hosts.empty()) return;
  spec.etc_files.push_back({.name = "hosts", .contents = hosts_file(wishes.hosts, spec.hostname)});
  spec.etc_files.push_back({.name = "hostname", .contents = spec.hostname + "\n"});
  spec.etc_files.push_back({.name = "resolv.conf", .contents = "# husk: there is no network but the loopback\n"});
}

}  // namespace

std::string hosts_file(const std::vector<std::string>& lines, const std::string& hostname) {
  std::string text =
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::\tip6-localnet\n"
      "ff00::\tip6-mcastprefix\n"
      "ff02::1\tip6-allnodes\n"
      "ff02::2\tip6-allrouters\n";
  for (const std::string& line : lines) text += line;
  text += "127.0.0.1\t" + hostname;
  const std::size_t dot = hostname.find('.');
  if (dot != std::string::npos && dot > 0) text += " " + hostname.substr(0, dot);
  return text + "\n";
}

void merge(const Wishes& wishes, const ImageConfig& image, ContainerSpec& spec) {
  spec.argv = arguments(wishes, image);
  if (wishes.hostname) spec.hostname = *wishes.hostname;
  std::optional<User> user = wishes.user;
  if (!user && !image.user.empty()) user = of_image("its user", image.user, parse_user);
  if (user) {
    spec.user = user->name;
    spec.uid = user->uid;
    spec.gid = user->gid;
    if (user->name.empty()) spec.groups = {user->gid};
  }
  if (wishes.working_directory) {
    spec.cwd = *wishes.working_directory;
  } else if (!image.working_directory.empty()) {
    spec.cwd = image.working_directory;
  }
  if (!spec.cwd.starts_with('/')) throw Error("use", "-w '" + spec.cwd + "'", "not an absolute path");
  if (wishes.stop_signal) {
    spec.stop_signal = *wishes.stop_signal;
  } else if (!image.stop_signal.empty()) {
    spec.stop_signal = of_image("its stop signal", image.stop_signal, parse_signal);
  }
  spec.env = environment(wishes, image, spec);
  merge_tmpfs(wishes, image, spec);
  merge_limits(wishes, spec);
  merge_etc_files(wishes, spec);
}

}  // namespace husk::config
