#include "tools/compare/debian_root.h"

#include <unistd.h>

#include <fstream>
#include <vector>

#include "tools/compare/applications.h"
#include "tools/compare/process.h"
#include "vmm/cache/cache_file.h"
#include "vmm/cache/sha256.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kSuite[] = "bookworm";
constexpr char kPrefix[] = "debian-";
constexpr std::size_t kNameDigits = 16;
constexpr int kLookMs = 500;
constexpr double kMostSeconds = 1800;  // a slow line; mmdebstrap itself gives up on a dead one

// As Debian's own slim images leave it out (dpkg(1), --path-exclude): a fifth of the files, which no payload opens.
constexpr const char* kOptions[] = {"path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*",
                                    "path-exclude=/usr/share/info/*", "path-exclude=/usr/share/locale/*"};

// The last set-up: with it, whoever has the root knows what is in it.
constexpr char kListPackages[] = R"(dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' >/opt/husk/packages)";

// What the root is made from, as text: its hash is the root's name.
std::string recipe() {
  std::string text = std::string(kSuite) + " minbase\n";
  for (const std::string& package : application_packages()) text += package + "\n";
  for (const char* option : kOptions) text += std::string(option) + "\n";
  for (const Application& application : applications()) text += std::string(application.set_up) + "\n";
  return text + kListPackages;
}

// With mounts and processes of its own, which end with it, and it ends with this process, even if that is killed.
std::vector<std::string> contained(const std::string& proc, const std::vector<std::string>& command) {
  std::vector<std::string> words = {"/usr/bin/setpriv", "--pdeathsig=KILL",    "/usr/bin/unshare", "--mount", "--pid",
                                    "--kill-child",     "--mount-proc=" + proc};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> bootstrap_command(const std::string& directory) {
  std::string packages;
  for (const std::string& package : application_packages()) packages += (packages.empty() ? "" : ",") + package;
  std::vector<std::string> words = {find_program("mmdebstrap"), "--quiet", "--mode=root", "--variant=minbase",
                                    "--include=" + packages};
  for (const char* option : kOptions) words.push_back(std::string("--dpkgopt=") + option);
  words.insert(words.end(), {kSuite, directory});
  return contained("/proc", words);
}

// A script in the root, in an environment that is not the caller's.
std::vector<std::string> script_in(const std::string& directory, const std::string& script) {
  return contained(directory + "/proc",
                   {"/usr/sbin/chroot", directory, "/usr/bin/env", "-i",
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/bin/sh", "-euc", script});
}

class Maker {
 public:
  explicit Maker(const DebianProgress& progress) : progress_(progress), begin_ns_(monotonic_ns()) {}

  void make(const std::string& directory) {
    run("a Debian root", "installing packages (once)", bootstrap_command(directory));
    // Packages leave caches that differ from day to day and that nobody reads.
    run("a Debian root", "setting up",
        script_in(directory, "apt-get clean; rm -rf /var/lib/apt/lists/*; mkdir -p /opt/husk"));
    for (const Application& application : applications()) {
      const std::string what = std::string("set-up of the workload ") + application.name;
      if (*application.set_up != '\0') run(what, what, script_in(directory, application.set_up));
    }
    run("a Debian root", "listing packages", script_in(directory, kListPackages));
  }

 private:
  void run(const std::string& object, const std::string& what, const std::vector<std::string>& command) {
    Process process = Process::start(command, Process::Streams::kNone);
    for (;;) {
      const double seconds = static_cast<double>(monotonic_ns() - begin_ns_) / 1e9;
      progress_(what, seconds);
      if (process.wait(kLookMs)) break;
      if (seconds > kMostSeconds) throw Error("make", object, what + " had not ended after half an hour");
    }
    if (process.exit_status() == 0) return;
    const std::string line = process.last_error_line();
    throw Error("make", object,
                what + ": exit status " + std::to_string(process.exit_status()) + (line.empty() ? "" : ": " + line),
                "give the root directory of a system as IMAGE instead");
  }

  const DebianProgress& progress_;
  std::uint64_t begin_ns_;
};

}  // namespace

std::string debian_root_name() {
  return kPrefix + cache::to_hex(cache::sha256(recipe())).substr(0, kNameDigits);
}

fs::path debian_root(const image::CacheDir& cache, const DebianProgress& progress) {
  const image::Folder folder = cache.make(image::CacheDir::Part::kTop);
  const fs::path root = folder.path_of(debian_root_name());
  if (fs::exists(root)) return root;
  if (geteuid() != 0) {
    throw Error("make", "a Debian root", "that needs root", "give the root directory of a system as IMAGE instead");
  }
  if (find_program("mmdebstrap").empty()) {
    throw Error("make", "a Debian root", "mmdebstrap is not installed", "apt-get install mmdebstrap");
  }
  try {
    // As the embedded payload's root (workload.cc): built aside, renamed when complete, and what was killed is removed.
    const cache::Lock held(folder, "debian");
    if (fs::exists(root)) return root;
    for (const std::string& name : folder.names()) {
      if (name.starts_with(kPrefix) && name.ends_with(cache::kTemporarySuffix)) fs::remove_all(folder.path_of(name));
    }
    const fs::path aside = root.string() + std::string(cache::kTemporarySuffix);
    try {
      Maker(progress).make(aside);
    } catch (...) {
      const Uninterruptible tidying;
      std::error_code ignored;
      fs::remove_all(aside, ignored);
      throw;
    }
    fs::rename(aside, root);
  } catch (const fs::filesystem_error& error) {
    throw Error("make", "Debian root " + root.string(), error.code().message(), cache::kCacheAdvice);
  }
  return root;
}

}  // namespace husk::compare
