// The seccomp filter that Docker and podman give to every container: the profile that containers/common installs, which
// is read where it lies and of which this source has no copy. A list of rules of which some hold for an architecture, a
// capability or a kernel only (containers/common, pkg/seccomp; moby, profiles/seccomp).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace husk::compare {

inline constexpr char kSeccompProfile[] = "/usr/share/containers/seccomp.json";

// Empty when it is there, else what is missing.
std::string seccomp_profile_missing();

// Its rules for x86-64, a kernel of this release ("6.1.0-13-amd64") and a process with these capabilities, as the OCI
// runtime specification has them (config-linux.md, "Seccomp"). Throws husk::Error.
nlohmann::json oci_seccomp(const std::string& profile_text, const std::set<std::string>& capabilities,
                           const std::string& kernel_release);
nlohmann::json installed_oci_seccomp(const std::set<std::string>& capabilities);

// The same as a program of classic BPF, for `bwrap --seccomp`. Throws husk::Error.
void write_bpf(const nlohmann::json& oci_seccomp, const std::filesystem::path& file);

}  // namespace husk::compare
