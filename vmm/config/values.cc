#include "vmm/config/values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

#include "common/text_lines.h"
#include "common/user_lookup.h"
#include "vmm/error.h"
#include "vmm/number.h"

namespace husk::config {
namespace {

constexpr std::size_t kMaxHostname = 64;  // HOST_NAME_MAX, gethostname(2)
constexpr std::size_t kMaxName = 63;

// docker's names (docker/go-units, ulimit.go).
constexpr std::pair<std::string_view, int> kLimits[] = {
    {"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
};

bool is_letter_or_digit(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// What can stand in a line of /etc/hosts or /etc/passwd as one word.
bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return c == '#' || std::isspace(static_cast<unsigned char>(c)) || std::iscntrl(static_cast<unsigned char>(c));
  });
}

bool is_address(const std::string& text) {
  std::array<std::byte, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool is_numeric(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// A name, or a number that can be an id.
std::optional<std::uint32_t> checked_id(std::string_view part, const std::string& whole) {
  const std::optional<std::uint32_t> id = parse_id(part);
  if (!id && is_numeric(part)) throw Error("use", "-u " + whole, "ids go from 0 to 4294967294");
  if (!is_word(part) || part.front() == '-' || part.front() == '+') {
    throw Error("use", "-u " + whole, "not NAME or UID, with :GROUP or :GID if you like");
  }
  return id;
}

}  // namespace

// Docker takes ":GROUP" for root and "USER:" for "USER". Both are mostly a variable of a script that is not set, and
// being root instead is not what its author wants.
User parse_user(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string_view user = std::string_view(text).substr(0, colon);
  const bool has_group = colon != std::string::npos;
  const std::string_view group = has_group ? std::string_view(text).substr(colon + 1) : std::string_view();
  if (user.empty() || (has_group && group.empty()) || group.find(':') != std::string_view::npos) {
    throw Error("use", "-u '" + text + "'", "not NAME or UID, with :GROUP or :GID if you like");
  }
  const std::optional<std::uint32_t> uid = checked_id(user, text);
  const std::optional<std::uint32_t> gid = has_group ? checked_id(group, text) : std::nullopt;
  if (!uid || !gid) return {.name = text};
  return {.name = {}, .uid = *uid, .gid = *gid};
}

std::string parse_host(const std::string& text) {
  const std::size_t separator = text.find_first_of(":=");
  if (separator == std::string::npos) {
    throw Error("use", "--add-host " + text, "not NAME:ADDRESS");
  }
  const std::string name = text.substr(0, separator);
  std::string address = text.substr(separator + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (!is_word(name)) throw Error("use", "--add-host " + text, "'" + name + "' is no host's name");
  if (address == "host-gateway") {
    throw Error("use", "--add-host " + text, "there is no way to the host's network from a container of husk's");
  }
  if (!is_address(address)) throw Error("use", "--add-host " + text, "'" + address + "' is no IP address");
  return address + "\t" + name + "\n";
}

ResourceLimit parse_limit(const std::string& text) {
  constexpr rlim_t kMostFiles = 1 << 20;  // the sysctl fs.nr_open, beyond which nobody may go
  const std::string option = "--ulimit " + text;
  std::string_view rest = text;
  if (text.find('=') == std::string::npos) throw Error("use", option, "not NAME=SOFT[:HARD]");
  const std::string_view name = take_field(rest, '=');
  const auto* const row = std::ranges::find(kLimits, name, [](const auto& pair) { return pair.first; });
  if (row == std::end(kLimits)) {
    std::string names;
    for (const auto& [known, resource] : kLimits) names.append(names.empty() ? "" : ", ").append(known);
    throw Error("use", option, "'" + std::string(name) + "' is no limit", "it is one of " + names);
  }
  const auto value = [&](std::string_view number) -> std::uint64_t {
    if (number == "-1") return RLIM_INFINITY;
    const std::optional<std::uint64_t> parsed = parse_number(number);
    if (!parsed) throw Error("use", option, "'" + std::string(number) + "' is no number", "-1 is no limit");
    return *parsed;
  };
  ResourceLimit limit{.resource = static_cast<std::uint64_t>(row->second)};
  const bool has_hard = rest.find(':') != std::string_view::npos;
  limit.soft = value(take_field(rest, ':'));
  limit.hard = has_hard ? value(rest) : limit.soft;
  if (limit.soft > limit.hard) throw Error("use", option, "the soft limit is above the hard one");
  if (row->second == RLIMIT_NOFILE && limit.hard > kMostFiles) {
    throw Error("use", option, "no kernel lets a process have more than 1048576 files open");
  }
  return limit;
}

std::string limit_name(std::uint64_t resource) {
  for (const auto& [name, number] : kLimits) {
    if (static_cast<std::uint64_t>(number) == resource) return std::string(name);
  }
  return std::to_string(resource);
}

int parse_signal(const std::string& text) {
  std::string name = text;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name.starts_with("SIG")) name.erase(0, 3);
  const auto in_range = [](std::optional<std::uint64_t> number) {
    return number && *number >= 1 && *number <= static_cast<std::uint64_t>(SIGRTMAX);
  };
  if (const auto number = parse_number(text); in_range(number)) return static_cast<int>(*number);
  for (int signal = 1; signal < NSIG && !parse_number(text); ++signal) {
    const char* known = sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  const auto real_time = [&](std::string_view begin, int base, char sign) -> std::optional<int> {
    if (!name.starts_with(begin)) return std::nullopt;
    const std::string_view rest = std::string_view(name).substr(begin.size());
    if (rest.empty()) return base;
    const auto offset = parse_number(rest.substr(1));
    if (rest.front() != sign || !offset || *offset > static_cast<std::uint64_t>(SIGRTMAX - SIGRTMIN))
      return std::nullopt;
    return sign == '+' ? base + static_cast<int>(*offset) : base - static_cast<int>(*offset);
  };
  if (const auto signal = real_time("RTMIN", SIGRTMIN, '+')) return *signal;
  if (const auto signal = real_time("RTMAX", SIGRTMAX, '-')) return *signal;
  throw Error("use", "--stop-signal " + text, "there is no such signal", "give a name or a number, as SIGQUIT or 3");
}

void check_name(const std::string& name) {
  const bool good =
      name.size() >= 2 && name.size() <= kMaxName && is_letter_or_digit(name.front()) &&
      std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
  if (!good) {
    throw Error("use", "--name '" + name + "'",
                "a name has 2 to 63 letters, digits, '_', '.' and '-', and begins with a letter or digit");
  }
}

// A name goes into lines of /etc/hosts and /etc/hostname.
void check_hostname(const std::string& name) {
  if (name.empty() || name.size() > kMaxHostname) {
    throw Error("use", "--hostname '" + name + "'", "a host name has 1 to 64 characters");
  }
  if (!is_word(name)) throw Error("use", "--hostname '" + name + "'", "a host name is one word");
}

}  // namespace husk::config
