#include "tools/compare/runners/seccomp_profile.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "tools/compare/output/file.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

using Json = nlohmann::json;

constexpr char kArchitecture[] = "amd64";

std::pair<int, int> version_of_kernel(const std::string& release) {
  std::pair<int, int> version{0, 0};
  if (std::sscanf(release.c_str(), "%d.%d", &version.first, &version.second) != 2) {
    throw Error("read", "kernel release '" + release + "'", "it has no two numbers");
  }
  return version;
}

bool lists(const Json& condition, const char* key, const std::string& value) {
  const auto found = condition.find(key);
  return found != condition.end() && std::ranges::find(*found, Json(value)) != found->end();
}

bool has_entries(const Json& condition, const char* key) {
  const auto found = condition.find(key);
  return found != condition.end() && !found->empty();
}

// As the engines apply it: all of `includes` must hold, none of `excludes` may.
bool applies(const Json& rule, const std::set<std::string>& capabilities, const std::string& kernel) {
  const Json includes = rule.value("includes", Json::object());
  const Json excludes = rule.value("excludes", Json::object());
  if (has_entries(includes, "arches") && !lists(includes, "arches", kArchitecture)) return false;
  if (lists(excludes, "arches", kArchitecture)) return false;
  const auto holds = [&](const Json& name) { return capabilities.contains(name.get<std::string>()); };
  if (has_entries(includes, "caps") && !std::ranges::all_of(includes["caps"], holds)) return false;
  if (has_entries(excludes, "caps") && std::ranges::any_of(excludes["caps"], holds)) return false;
  const std::string least = includes.value("minKernel", std::string());
  return least.empty() || version_of_kernel(kernel) >= version_of_kernel(least);
}

std::uint32_t action_of(const std::string& name, unsigned error) {
  static const std::map<std::string, std::uint32_t> kActions = {{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
                                                                {"SCMP_ACT_LOG", SCMP_ACT_LOG},
                                                                {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
                                                                {"SCMP_ACT_KILL", SCMP_ACT_KILL},
                                                                {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
                                                                {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD}};
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(error);
  const auto found = kActions.find(name);
  if (found == kActions.end()) throw Error("translate", "seccomp action '" + name + "'", "husk does not know it");
  return found->second;
}

scmp_compare comparison_of(const std::string& name) {
  static const std::map<std::string, scmp_compare> kComparisons = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                                                                   {"SCMP_CMP_LT", SCMP_CMP_LT},
                                                                   {"SCMP_CMP_LE", SCMP_CMP_LE},
                                                                   {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                                                   {"SCMP_CMP_GE", SCMP_CMP_GE},
                                                                   {"SCMP_CMP_GT", SCMP_CMP_GT},
                                                                   {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
  const auto found = kComparisons.find(name);
  if (found == kComparisons.end()) throw Error("translate", "comparison '" + name + "'", "husk does not know it");
  return found->second;
}

// EPERM where the profile says nothing, as the OCI runtime specification has it.
unsigned error_of(const Json& object, const char* key) {
  constexpr unsigned kEperm = 1;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? kEperm : found->get<unsigned>();
}

void check(int result, const std::string& what) {
  if (result == 0) return;
  errno = -result;
  throw Error::from_errno("make", what);
}

}  // namespace

std::string seccomp_profile_missing() {
  if (access(kSeccompProfile, R_OK) == 0) return {};
  return std::string(kSeccompProfile) + " is not there (apt package golang-github-containers-common)";
}

Json oci_seccomp(const std::string& profile_text, const std::set<std::string>& capabilities,
                 const std::string& kernel_release) {
  try {
    const Json profile = Json::parse(profile_text);
    Json rules = Json::array();
    for (const Json& rule : profile.at("syscalls")) {
      if (!applies(rule, capabilities, kernel_release)) continue;
      Json plain = {{"names", rule.at("names")}, {"action", rule.at("action")}};
      if (has_entries(rule, "args")) plain["args"] = rule["args"];
      if (rule.contains("errnoRet") && !rule["errnoRet"].is_null()) plain["errnoRet"] = rule["errnoRet"];
      rules.push_back(std::move(plain));
    }
    Json result = {{"defaultAction", profile.at("defaultAction")},
                   {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
                   {"syscalls", std::move(rules)}};
    if (profile.contains("defaultErrnoRet")) result["defaultErrnoRet"] = profile["defaultErrnoRet"];
    return result;
  } catch (const Json::exception& error) {
    throw Error("read", kSeccompProfile, error.what());
  }
}

Json installed_oci_seccomp(const std::set<std::string>& capabilities) {
  utsname system{};
  uname(&system);
  return oci_seccomp(read_file(kSeccompProfile), capabilities, system.release);
}

void write_bpf(const Json& oci_seccomp, const std::filesystem::path& file) {
  const std::uint32_t otherwise =
      action_of(oci_seccomp.at("defaultAction").get<std::string>(), error_of(oci_seccomp, "defaultErrnoRet"));
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(otherwise), seccomp_release);
  if (!filter) throw Error("make", "a seccomp filter", "libseccomp refuses");
  for (const std::uint32_t architecture : {SCMP_ARCH_X86, SCMP_ARCH_X32}) {
    check(seccomp_arch_add(filter.get(), architecture), "a seccomp filter");
  }
  for (const Json& rule : oci_seccomp.at("syscalls")) {
    const std::uint32_t action = action_of(rule.at("action").get<std::string>(), error_of(rule, "errnoRet"));
    if (action == otherwise) continue;  // libseccomp refuses a rule that changes nothing
    std::vector<scmp_arg_cmp> arguments;
    for (const Json& one : rule.value("args", Json::array())) {
      arguments.push_back({one.at("index").get<unsigned>(), comparison_of(one.at("op").get<std::string>()),
                           one.at("value").get<std::uint64_t>(), one.value("valueTwo", std::uint64_t{0})});
    }
    for (const Json& name : rule.at("names")) {
      const int number = seccomp_syscall_resolve_name(name.get<std::string>().c_str());
      if (number == __NR_SCMP_ERROR) continue;  // newer than libseccomp: the default action holds
      check(seccomp_rule_add_array(filter.get(), action, number, static_cast<unsigned>(arguments.size()),
                                   arguments.data()),
            "a seccomp rule for " + name.get<std::string>());
    }
  }
  const UniqueFd out(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out) throw Error::from_errno("write", file.string());
  check(seccomp_export_bpf(filter.get(), out.get()), file.string());
}

}  // namespace husk::compare
