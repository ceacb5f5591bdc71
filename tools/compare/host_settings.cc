#include "tools/compare/host_settings.h"

#include <cpuid.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kNotThere[] = "not there";

// The first line of a file, or why there is none.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (std::getline(file, line)) return line;
  std::error_code none;
  return fs::exists(path, none) ? "not readable" : kNotThere;
}

// "always [madvise] never" -> "madvise"
std::string chosen(const std::string& line) {
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']', open == std::string::npos ? 0 : open);
  return open == std::string::npos || close == std::string::npos ? line : line.substr(open + 1, close - open - 1);
}

std::string ksm(const fs::path& system) {
  const std::string run = first_line(system / "sys/kernel/mm/ksm/run");
  // Documentation/admin-guide/mm/ksm.rst
  if (run == "0") return "off";
  if (run == "1") return "on";
  return run == "2" ? "off, pages unmerged" : run;
}

// What all processors say, each thing once.
std::string of_processors(const fs::path& system, const char* file) {
  std::set<std::string> values;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(system / "sys/devices/system/cpu", none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("cpu") || name.find_first_not_of("0123456789", 3) != std::string::npos || name == "cpu")
      continue;
    const std::string value = first_line(entry.path() / file);
    if (value != kNotThere) values.insert(value);
  }
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text.empty() ? kNotThere : text;
}

std::string boost(const fs::path& system) {
  const std::string turbo = first_line(system / "sys/devices/system/cpu/intel_pstate/no_turbo");
  if (turbo == "0" || turbo == "1") return turbo == "0" ? "on" : "off";
  const std::string value = first_line(system / "sys/devices/system/cpu/cpufreq/boost");
  return value == "1" ? "on" : value == "0" ? "off" : value;
}

std::string microcode(const fs::path& system) {
  std::ifstream file(system / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("microcode")) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return kNotThere;
}

// The signature that CPUID gives below a hypervisor (SDM vol. 2, CPUID.1:ECX[31] is reserved for that; the leaves from
// 0x40000000 on are the hypervisors' own), and what the firmware calls the machine.
std::string hypervisor(const fs::path& system) {
  constexpr unsigned kHypervisorBit = 1U << 31;
  constexpr unsigned kSignatureLeaf = 0x4000'0000;
  unsigned a = 0, b = 0, c = 0, d = 0;
  std::string text = "none seen";
  if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (c & kHypervisorBit) != 0) {
    __cpuid(kSignatureLeaf, a, b, c, d);
    std::array<char, 13> name{};
    const std::array<unsigned, 3> words = {b, c, d};
    std::memcpy(name.data(), words.data(), sizeof words);
    text = name[0] != '\0' ? std::string(name.data()) : "one without a name";
  }
  for (const char* file : {"sys_vendor", "product_name"}) {
    const std::string value = first_line(system / "sys/class/dmi/id" / file);
    if (value != kNotThere && !value.empty()) text += ", " + value;
  }
  return text;
}

std::string control_groups(const fs::path& system) {
  struct statfs status {};
  const fs::path top = system / "sys/fs/cgroup";
  if (statfs(top.c_str(), &status) != 0) return kNotThere;
  if (status.f_type == CGROUP2_SUPER_MAGIC) return "v2";
  std::error_code none;
  // systemd's names: "hybrid" is v1 with an empty v2 hierarchy beside it.
  return fs::exists(top / "unified", none) ? "v1 and v2 (hybrid)" : "v1";
}

std::string swap(const fs::path& system) {
  std::ifstream file(system / "proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t kilobytes = 0;
    if (words >> key >> kilobytes && key == "SwapTotal:") {
      return kilobytes == 0 ? "none" : std::to_string(kilobytes / 1024) + " MiB";
    }
  }
  return kNotThere;
}

// "\040" -> " ": how proc_pid_mountinfo(5) writes what would end a field.
std::string without_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool lies_in(const std::string& path, const std::string& mount_point) {
  if (mount_point == "/") return true;
  return path.starts_with(mount_point) && (path.size() == mount_point.size() || path[mount_point.size()] == '/');
}

}  // namespace

std::map<std::string, std::string> host_settings(const std::string& system) {
  const fs::path root = system;
  const fs::path processors = root / "sys/devices/system/cpu";
  const fs::path huge_pages = root / "sys/kernel/mm/transparent_hugepage";
  std::map<std::string, std::string> settings = {
      {"transparent_hugepages", chosen(first_line(huge_pages / "enabled"))},
      {"transparent_hugepage_defrag", chosen(first_line(huge_pages / "defrag"))},
      {"ksm", ksm(root)},
      {"smt", first_line(processors / "smt/control")},
      {"governor", of_processors(root, "cpufreq/scaling_governor")},
      {"boost", boost(root)},
      {"microcode", microcode(root)},
      {"hypervisor", hypervisor(root)},
      {"cgroups", control_groups(root)},
      {"clocksource", first_line(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")},
      {"swap", swap(root)},
  };
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(processors / "vulnerabilities", none)) {
    settings["mitigation_" + entry.path().filename().string()] = first_line(entry.path());
  }
  return settings;
}

std::string file_system_of(const std::string& path) {
  std::error_code error;
  const std::string real = fs::canonical(path, error);
  if (error) return kNotThere;
  std::ifstream file("/proc/self/mountinfo");
  std::string found = "unknown";
  std::size_t longest = 0;
  for (std::string line; std::getline(file, line);) {
    // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS FIELD... - TYPE SOURCE OPTIONS
    std::istringstream words(line);
    std::string word, mount_point, type;
    for (int field = 0; field < 4; ++field) words >> word;
    words >> mount_point;
    while (words >> word && word != "-") {
    }
    words >> type;
    mount_point = without_escapes(mount_point);
    // Of several on one mount point the last one is on top.
    if (!lies_in(real, mount_point) || mount_point.size() < longest) continue;
    longest = mount_point.size();
    found = type;
  }
  return found;
}

}  // namespace husk::compare
