#include "tools/compare/workload.h"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>

#include "tools/compare/applications.h"
#include "tools/compare/quoted.h"
#include "vmm/cache/cache_file.h"
#include "vmm/error.h"

extern "C" const char husk_default_payload_start[];
extern "C" const char husk_default_payload_end[];

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPayloadPath[] = "/bin/payload";
constexpr std::uint64_t kTouchBytes = 16 << 20;
constexpr std::uint64_t kSystemCalls = 100'000;
constexpr std::uint64_t kWriteBytes = 4 << 20;

constexpr const char* kEmbeddedNames[] = {"exit", "touch", "syscalls", "write"};

// FNV-1a, 64 bits: a name for a version of the payload, not a protection against anybody.
std::string content_name(std::span<const char> bytes) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100'0000'01b3;
  char name[17];
  std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(hash));
  return name;
}

// The directories that runc and bwrap mount on, so that nobody has to write to the image to make them; and the one by
// which systemd-nspawn tells a root from another directory.
constexpr const char* kDirectories[] = {"bin", "dev", "proc", "sys", "tmp", "usr"};

void write_root(const fs::path& root, std::span<const char> program) {
  for (const char* name : kDirectories) fs::create_directories(root / name);
  const fs::path file = root.string() + kPayloadPath;
  std::ofstream(file, std::ios::binary).write(program.data(), static_cast<std::streamsize>(program.size()));
  if (fs::file_size(file) != program.size()) throw Error("write", file.string(), "it is shorter than expected");
  fs::permissions(file, fs::perms(0755));
}

// The root directory of the embedded payload.
fs::path make_root(const image::CacheDir& cache) {
  const std::span<const char> program(husk_default_payload_start, husk_default_payload_end);
  // It is run as a plain process too, so it must be the user's own: make() refuses a cache that is not.
  const image::Folder folder = cache.make(image::CacheDir::Part::kTop);
  std::string contents(program.begin(), program.end());
  for (const char* name : kDirectories) contents.append(1, '/').append(name);
  const fs::path root = folder.path_of("payload-" + content_name(contents));
  try {
    if (fs::exists(root)) return root;
    // Built aside and renamed, so that another husk never sees half of it. Under the lock nobody else is at it, so what
    // has such a name was left by one that was killed.
    const cache::Lock held(folder, "payload");
    for (const std::string& name : folder.names()) {
      if (name.starts_with("payload-") && name.ends_with(cache::kTemporarySuffix)) fs::remove_all(folder.path_of(name));
    }
    if (fs::exists(root)) return root;
    const fs::path aside = root.string() + std::string(cache::kTemporarySuffix);
    write_root(aside, program);
    fs::rename(aside, root);
  } catch (const fs::filesystem_error& error) {
    throw Error("write", "embedded payload " + root.string(), error.code().message(),
                "set HUSK_CACHE_DIR to a directory that can be written");
  }
  return root;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

std::vector<std::string> workload_names() {
  std::vector<std::string> names(std::begin(kEmbeddedNames), std::end(kEmbeddedNames));
  for (const Application& application : applications()) names.emplace_back(application.name);
  return names;
}

std::string missing_file(const Task& task, const fs::path& root) {
  // Whatever the root's own path has of special characters means itself.
  std::string prefix;
  for (const char character : root.string()) prefix += std::string("\\") + character;
  for (const std::string& file : task.files) {
    glob_t found{};
    // It looks at names with lstat(2) where the pattern ends: where a link leads is a path of the root, not of this process.
    const int status = glob((prefix + file).c_str(), GLOB_NOSORT, nullptr, &found);
    globfree(&found);
    if (status != 0) return file;
  }
  return {};
}

Workload embedded_workload(const image::CacheDir& cache, const std::vector<std::string>& names,
                           const std::string& application_image) {
  const std::vector<std::string> known = workload_names();
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) == known.end()) {
      throw Error("compare workload", "'" + name + "'", "there is no such workload", "known are " + list_of(known));
    }
  }
  const auto is_wanted = [&](const std::string& name) {
    return names.empty() || std::ranges::find(names, name) != names.end();
  };
  Workload workload;
  workload.description = "the embedded payload, which exits at once";
  workload.image = make_root(cache).string();
  workload.start = {.metric = "start_ns", .argv = {kPayloadPath}};
  const auto add = [&](const char* name, const char* metric, const char* option, std::uint64_t amount) {
    if (!is_wanted(name)) return;
    workload.tasks.push_back({.metric = metric, .argv = {kPayloadPath, option, std::to_string(amount)}});
  };
  add("touch", "task_touch_ns", "--touch", kTouchBytes);
  add("syscalls", "task_syscalls_ns", "--syscalls", kSystemCalls);
  add("write", "task_write_ns", "--write", kWriteBytes);
  for (const Application& application : applications()) {
    if (!is_wanted(application.name)) continue;
    if (application_image.empty()) {
      if (names.empty()) continue;
      throw Error("compare workload", "'" + std::string(application.name) + "'", "there is no IMAGE",
                  "give a root directory that has " + std::string(application.packages) + ", or --payload debian");
    }
    workload.task_image = application_image;
    workload.tasks.push_back(task_of(application));
  }
  if (!application_image.empty() && workload.task_image.empty()) {
    throw Error("compare workloads of", "'" + application_image + "'", "only the embedded payload's are wanted",
                "leave out IMAGE, or see --workload");
  }
  return workload;
}

void complete(Workload& workload, const fs::path& files) {
  if (workload.task_image.empty()) return;
  for (Task& task : workload.tasks) {
    if (!task.is_embedded) task.missing = missing_file(task, files);
  }
  const auto can_run = [](const Task& task) { return !task.is_embedded && task.missing.empty(); };
  if (std::ranges::any_of(workload.tasks, can_run)) return;
  throw Error("compare workloads of", "'" + workload.task_image + "'", "it has the programs of none of them",
              "give an image that has, --payload debian, or a command after IMAGE");
}

Workload command_workload(const std::string& image, const std::vector<std::string>& command, const std::string& ready) {
  Workload workload;
  workload.image = image;
  workload.start = {.metric = "start_ns", .is_embedded = false, .argv = command};
  workload.ready = ready;
  workload.description = quoted(command) + " of " + quoted({image});
  return workload;
}

std::vector<std::string> stamp_command() {
  return {kPayloadPath, "--stamp"};
}

std::vector<std::string> idle_command() {
  return {kPayloadPath, "--idle"};
}

std::vector<std::string> bench_command(const std::string& name) {
  // Enough for a figure within a few percent, and little enough for ten of them under every runner.
  return {kPayloadPath, "--bench", name, "--bench-ms", "20"};
}

}  // namespace husk::compare
