// --tmpfs PATH[:OPTIONS].
#include <sys/mount.h>

#include <array>
#include <string>
#include <utility>

#include "common/own_places.h"
#include "common/text_lines.h"
#include "vmm/config/values.h"
#include "vmm/error.h"
#include "vmm/number.h"

namespace husk::config {
namespace {

struct FlagWord {
  std::string_view word;
  std::uint32_t set;
  std::uint32_t clear;
};
constexpr FlagWord kFlags[] = {
    {"ro", MS_RDONLY, 0},   {"rw", 0, MS_RDONLY},     {"nosuid", MS_NOSUID, 0}, {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0}, {"noexec", MS_NOEXEC, 0}, {"exec", 0, MS_NOEXEC},
};

bool is_octal_mode(std::string_view value) {
  constexpr std::size_t kMostDigits = 4;  // 7777
  const std::size_t first = value.find_first_not_of('0');
  if (value.empty() || value.find_first_not_of("01234567") != std::string_view::npos) return false;
  return first == std::string_view::npos || value.size() - first <= kMostDigits;
}

// tmpfs(5): bytes, with k, m or g, or a share of the memory in percent.
bool is_tmpfs_size(std::string_view value) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 43;  // 8 TiB: more than any container has
  unsigned shift = 0;
  const bool percent = value.ends_with('%');
  if (!value.empty()) {
    const std::size_t unit = std::string_view("kmg").find(static_cast<char>(value.back() | 0x20));
    if (unit != std::string_view::npos) shift = 10 * static_cast<unsigned>(unit + 1);
    if (shift != 0 || percent) value.remove_suffix(1);
  }
  const auto number = parse_number(value);
  if (!number || *number == 0) return false;
  return percent ? *number <= 100 : *number <= kMost >> shift;
}

bool is_count(std::string_view value) {
  const auto number = parse_number(value);
  return number && *number > 0 && *number <= 0x7fff'ffff;
}

bool is_id(std::string_view value) {
  const auto number = parse_number(value);
  return number && *number < 0xffff'ffff;
}

struct DataWord {
  std::string_view name;
  bool (*good)(std::string_view value);
};
constexpr DataWord kData[] = {
    {"size", is_tmpfs_size}, {"mode", is_octal_mode}, {"nr_inodes", is_count}, {"uid", is_id}, {"gid", is_id},
};

void take_word(std::string_view word, const std::string& whole, TmpfsMount& mount) {
  for (const FlagWord& flag : kFlags) {
    if (word != flag.word) continue;
    mount.flags = (mount.flags & ~flag.clear) | flag.set;
    return;
  }
  std::string_view value = word;
  const std::string_view name = take_field(value, '=');
  for (const DataWord& data : kData) {
    if (name != data.name || name.size() == word.size()) continue;
    if (!data.good(value)) {
      throw Error("use", "--tmpfs " + whole, "'" + std::string(value) + "' is no value for " + std::string(name));
    }
    mount.options.append(mount.options.empty() ? "" : ",").append(word);
    return;
  }
  throw Error("use", "--tmpfs " + whole, "'" + std::string(word) + "' is no option of it",
              "there are ro, rw, exec, noexec, suid, nosuid, nodev, size=, mode=, uid=, gid= and nr_inodes=");
}

}  // namespace

std::optional<std::string> clean_path(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  std::string clean;
  while (!path.empty()) {
    const std::string_view part = take_field(path, '/');
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      clean.erase(clean.empty() ? 0 : clean.rfind('/'));
    } else {
      clean.append("/").append(part);
    }
  }
  if (clean.empty()) clean = "/";
  return clean;
}

TmpfsMount parse_tmpfs(const std::string& text) {
  std::string_view options = text;
  const std::optional<std::string> path = clean_path(take_field(options, ':'));
  if (!path) throw Error("use", "--tmpfs '" + text + "'", "it must begin with an absolute path");
  if (is_husks_own(*path)) {
    throw Error("use", "--tmpfs " + text, "nothing can be mounted there", "/, /proc, /sys and /dev are husk's own");
  }
  TmpfsMount mount{.path = *path, .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC, .options = {}};
  while (!options.empty()) take_word(take_field(options, ','), text, mount);
  return mount;
}

}  // namespace husk::config
