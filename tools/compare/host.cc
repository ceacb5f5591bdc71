#include "tools/compare/host.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

namespace husk::compare {
namespace {

// The value of the first line of `path` that begins with `key` and `separator`.
std::string value_of(const char* path, std::string_view key, char separator) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(key)) continue;
    std::size_t begin = line.find(separator);
    if (begin == std::string::npos) continue;
    begin = line.find_first_not_of(" \t\"", begin + 1);
    const std::size_t end = line.find_last_not_of(" \t\"");
    return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
  }
  return "unknown";
}

std::string kvm_backend() {
  const auto loaded = [](const char* module) {
    return access((std::string("/sys/module/") + module).c_str(), F_OK) == 0;
  };
  if (access("/dev/kvm", F_OK) != 0) return "none";
  if (loaded("kvm_pvm")) return "pvm";
  if (loaded("kvm_intel")) return "vmx";
  if (loaded("kvm_amd")) return "svm";
  return "unknown";
}

}  // namespace

Host describe_host() {
  Host host;
  host.cpu_model = value_of("/proc/cpuinfo", "model name", ':');
  host.os = value_of("/etc/os-release", "PRETTY_NAME", '=');
  host.cores = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  struct sysinfo memory {};
  if (sysinfo(&memory) == 0) host.memory_bytes = std::uint64_t{memory.totalram} * memory.mem_unit;
  utsname name{};
  if (uname(&name) == 0) host.kernel = std::string(name.sysname) + " " + name.release;
  host.kvm_backend = kvm_backend();
  double load = 0;
  if (getloadavg(&load, 1) == 1) host.load = load;
  return host;
}

}  // namespace husk::compare
