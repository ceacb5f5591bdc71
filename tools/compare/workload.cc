#include "tools/compare/workload.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>

#include "tools/compare/quoted.h"
#include "vmm/cache/cache_file.h"
#include "vmm/error.h"

extern "C" const char husk_default_payload_start[];
extern "C" const char husk_default_payload_end[];

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPayloadPath[] = "/bin/payload";
constexpr char kPythonMetric[] = "task_python_ns";
constexpr std::uint64_t kTouchBytes = 16 << 20;
constexpr std::uint64_t kSystemCalls = 100'000;
constexpr std::uint64_t kWriteBytes = 4 << 20;

constexpr const char* kNames[] = {"exit", "touch", "syscalls", "write", "python"};

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

// An interpreter that the image has, as a path in it; empty when there is none. Names in a root are links to absolute
// paths often enough, so only the name itself is looked for.
std::string find_python(const fs::path& files) {
  for (const char* path : {"/usr/bin/python3", "/usr/local/bin/python3", "/bin/python3"}) {
    std::error_code none;
    if (fs::exists(fs::symlink_status(files.string() + path, none))) return path;
  }
  return {};
}

}  // namespace

std::span<const char* const> workload_names() {
  return kNames;
}

Workload embedded_workload(const image::CacheDir& cache, const std::vector<std::string>& names,
                           const std::string& python_image) {
  for (const std::string& name : names) {
    if (std::ranges::find(kNames, name) == std::end(kNames)) {
      throw Error("compare workload", "'" + name + "'", "there is no such workload",
                  "known are exit, touch, syscalls, write, python");
    }
  }
  const auto is_wanted = [&](const char* name) {
    return names.empty() || std::ranges::find(names, name) != names.end();
  };
  Workload workload;
  workload.description = "the embedded payload, which exits at once";
  workload.image = make_root(cache).string();
  workload.start = {"start_ns", true, {kPayloadPath}};
  const auto add = [&](const char* name, const char* metric, const char* option, std::uint64_t amount) {
    if (is_wanted(name)) workload.tasks.push_back({metric, true, {kPayloadPath, option, std::to_string(amount)}});
  };
  add("touch", "task_touch_ns", "--touch", kTouchBytes);
  add("syscalls", "task_syscalls_ns", "--syscalls", kSystemCalls);
  add("write", "task_write_ns", "--write", kWriteBytes);
  if (!python_image.empty() && is_wanted("python")) {
    workload.task_image = python_image;
    workload.tasks.push_back({kPythonMetric, false, {"python3", "-c", "pass"}});
  } else if (!python_image.empty() || (!names.empty() && is_wanted("python"))) {
    throw Error("compare workload", "'python'",
                python_image.empty() ? "there is no IMAGE" : "IMAGE is for the workload python alone, which is not wanted",
                "give an image that has Python in it, or a command after IMAGE");
  }
  return workload;
}

void complete(Workload& workload, const fs::path& files) {
  for (Task& task : workload.tasks) {
    if (task.metric != kPythonMetric) continue;
    task.argv[0] = find_python(files);
    if (!task.argv[0].empty()) continue;
    throw Error("compare workload", "'python'", "'" + workload.task_image + "' has no python3 in it",
                "give an image that has Python in it, or a command after IMAGE");
  }
}

Workload command_workload(const std::string& image, const std::vector<std::string>& command, const std::string& ready) {
  Workload workload;
  workload.image = image;
  workload.start = {"start_ns", false, command};
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
