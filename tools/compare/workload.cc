#include "tools/compare/workload.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>

#include "vmm/error.h"

extern "C" const char husk_default_payload_start[];
extern "C" const char husk_default_payload_end[];

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr char kPayloadPath[] = "/bin/payload";

// FNV-1a, 64 bits: a name for a version of the payload, not a protection against anybody.
std::string content_name(std::span<const char> bytes) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100'0000'01b3;
  char name[17];
  std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(hash));
  return name;
}

// The directories that runc and bwrap mount on, so that nobody has to write to the image to make them.
void write_root(const fs::path& root, std::span<const char> program) {
  for (const char* name : {"bin", "dev", "proc", "sys", "tmp"}) fs::create_directories(root / name);
  const fs::path file = root.string() + kPayloadPath;
  std::ofstream(file, std::ios::binary).write(program.data(), static_cast<std::streamsize>(program.size()));
  if (fs::file_size(file) != program.size()) throw Error("write", file.string(), "it is shorter than expected");
  fs::permissions(file, fs::perms(0755));
}

}  // namespace

Workload default_workload(const image::CacheDir& cache) {
  const std::span<const char> program(husk_default_payload_start, husk_default_payload_end);
  const fs::path root = fs::path(cache.path()) / ("payload-" + content_name(program));
  try {
    if (!fs::exists(root)) {
      // Built aside and renamed, so that another husk never sees half of it.
      const fs::path aside = root.string() + "." + std::to_string(getpid()) + ".tmp";
      fs::remove_all(aside);
      write_root(aside, program);
      std::error_code lost_the_race;
      fs::rename(aside, root, lost_the_race);
      if (lost_the_race) fs::remove_all(aside);
      if (lost_the_race && !fs::exists(root)) throw fs::filesystem_error("rename", aside, lost_the_race);
    }
  } catch (const fs::filesystem_error& error) {
    throw Error("write", "default payload " + root.string(), error.code().message(),
                "set HUSK_CACHE_DIR to a directory that can be written");
  }
  Workload workload;
  workload.description = "the embedded payload, which exits at once";
  workload.image = root.string();
  workload.start = {kPayloadPath};
  workload.stamp = {kPayloadPath, "--stamp"};
  workload.idle = {kPayloadPath, "--idle"};
  return workload;
}

Workload command_workload(const std::string& image, const std::vector<std::string>& command) {
  Workload workload;
  workload.image = image;
  workload.start = command;
  for (const std::string& word : command) workload.description += (workload.description.empty() ? "" : " ") + word;
  workload.description = "'" + workload.description + "' of " + image;
  return workload;
}

}  // namespace husk::compare
