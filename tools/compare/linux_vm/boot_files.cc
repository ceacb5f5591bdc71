#include "tools/compare/linux_vm/boot_files.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "tools/compare/process.h"
#include "vmm/error.h"

namespace husk::compare::linux_vm {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (bytes.empty()) throw Error("read", path.string(), "it is empty, or cannot be opened");
  return bytes;
}

void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw Error("write", path.string(), "it is not whole");
}

// sh -c SCRIPT sh WORD...
void run_script(const char* script, const std::vector<std::string>& words, const std::string& what) {
  std::vector<std::string> command = {"/bin/sh", "-c", script, "sh"};
  command.insert(command.end(), words.begin(), words.end());
  if (!output_of(command)) throw Error("make", what, "a program for it failed");
}

struct Compression {
  std::string_view magic;
  const char* program;     // also Debian's package, but for xz
  bool has_length_behind;  // scripts/Makefile.lib of Linux: size_append
};

constexpr std::array kCompressions = {Compression{{"\x02\x21\x4c\x18", 4}, "lz4", true},
                                      Compression{{"\x28\xb5\x2f\xfd", 4}, "zstd", true},
                                      Compression{{"\xfd"
                                                   "7zXZ",
                                                   5},
                                                  "xz",
                                                  true},
                                      Compression{{"\x1f\x8b", 2}, "gzip", false}};

// `name` as modules are named: a file's name without its ending, in which '-' and '_' are the same.
std::string module_name(const fs::path& file) {
  std::string name = file.filename().string();
  name.erase(std::min(name.find('.'), name.size()));
  std::ranges::replace(name, '-', '_');
  return name;
}

void make_archive(const fs::path& directory, const fs::path& output) {
  run_script("cd \"$1\" && find . | cpio --quiet -o -H newc -R 0:0 >\"$2\"", {directory, output}, output);
}

}  // namespace

Kernel find_kernel(const std::vector<fs::path>& roots) {
  constexpr std::string_view kPrefix = "vmlinuz-";
  std::string newest;
  Kernel kernel;
  for (const fs::path& root : roots) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / "boot", none)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with(kPrefix) || !name.ends_with("-cloud-amd64")) continue;
      // strverscmp(3): 6.1.0-9 is older than 6.1.0-10.
      if (!newest.empty() && strverscmp(name.c_str(), newest.c_str()) <= 0) continue;
      newest = name;
      kernel = {entry.path(), root / "lib/modules" / name.substr(kPrefix.size())};
    }
  }
  return kernel;
}

void extract_kernel(const fs::path& image, const fs::path& output) {
  // Documentation/x86/boot.rst of Linux: setup_sects, payload_offset, payload_length.
  const std::string bytes = read_file(image);
  constexpr std::size_t kSetupSectors = 0x1f1;
  constexpr std::size_t kMagic = 0x202;
  constexpr std::size_t kPayload = 0x248;
  constexpr std::size_t kSector = 512;
  std::uint32_t offset_and_length[2] = {};
  if (bytes.size() < kPayload + sizeof offset_and_length || bytes.compare(kMagic, 4, "HdrS") != 0) {
    throw Error("read", image.string(), "it is not a Linux kernel for x86");
  }
  std::memcpy(offset_and_length, bytes.data() + kPayload, sizeof offset_and_length);
  const std::size_t sectors = std::max<std::size_t>(static_cast<unsigned char>(bytes[kSetupSectors]), 1) + 1;
  const std::size_t begin = sectors * kSector + offset_and_length[0];
  if (begin > bytes.size() || offset_and_length[1] > bytes.size() - begin) {
    throw Error("read", image.string(), "it is shorter than its header says");
  }
  std::string_view payload = std::string_view(bytes).substr(begin, offset_and_length[1]);
  const auto kind =
      std::ranges::find_if(kCompressions, [&](const Compression& c) { return payload.starts_with(c.magic); });
  if (kind == kCompressions.end()) throw Error("read", image.string(), "its kernel is compressed in an unknown way");
  if (find_program(kind->program).empty()) {
    throw Error("unpack", image.string(), std::string(kind->program) + " is not installed",
                std::string("apt package ") + kind->program);
  }
  if (kind->has_length_behind) payload.remove_suffix(sizeof(std::uint32_t));
  const fs::path packed = output.string() + ".packed";
  write_file(packed, payload);
  run_script("\"$1\" -dc <\"$2\" >\"$3\"", {kind->program, packed, output}, output);
  fs::remove(packed);
}

std::vector<fs::path> modules_in_order(const fs::path& directory, const std::vector<std::string>& names) {
  std::map<std::string, std::string> lines;  // module: its file, a colon, the files that it needs
  std::ifstream file(directory / "modules.dep");
  for (std::string line; std::getline(file, line);) lines[module_name(line.substr(0, line.find(':')))] = line;
  std::string built_in;
  if (fs::exists(directory / "modules.builtin")) built_in = read_file(directory / "modules.builtin");
  std::vector<fs::path> ordered;
  for (const std::string& name : names) {
    const auto found = lines.find(name);
    if (found == lines.end()) {
      if (built_in.find("/" + name + ".ko\n") != std::string::npos) continue;
      throw Error("find", "kernel module " + name, "there is none in " + directory.string());
    }
    std::string line = found->second;
    line.erase(line.find(':'), 1);
    std::vector<fs::path> files;
    std::istringstream words(line);
    for (std::string word; words >> word;) files.push_back(directory / word);
    // What needs another comes before it in the line.
    for (auto needed = files.rbegin(); needed != files.rend(); ++needed) {
      if (needed->extension() != ".ko") throw Error("load", needed->string(), "compressed modules are not supported");
      if (std::ranges::find(ordered, *needed) == ordered.end()) ordered.push_back(*needed);
    }
  }
  return ordered;
}

Initramfs::Initramfs(fs::path directory, const fs::path& init, const std::vector<fs::path>& modules)
    : directory_(std::move(directory)) {
  const fs::path root = directory_ / "root";
  for (const char* part : {"dev", "proc", "image", "changes", "root", "modules.d"}) {
    fs::create_directories(root / part);
  }
  fs::copy_file(init, root / "init", fs::copy_options::overwrite_existing);
  std::string list;
  for (const fs::path& module : modules) {
    fs::copy_file(module, root / "modules.d" / module.filename(), fs::copy_options::overwrite_existing);
    list += "/modules.d/" + module.filename().string() + "\n";
  }
  write_file(root / "modules", list);
  make_archive(root, directory_ / "base");
  fs::remove_all(root);
}

fs::path Initramfs::with_payload(const std::vector<std::string>& argv) {
  fs::path& whole = made_[argv];
  if (!whole.empty()) return whole;
  const std::string name = "payload-" + std::to_string(made_.size());
  const fs::path part = directory_ / (name + ".d");
  fs::create_directories(part);
  std::string words;
  for (const std::string& word : argv) words.append(word).push_back('\0');
  write_file(part / "payload", words);
  make_archive(part, directory_ / (name + ".part"));
  // One archive behind another is one initramfs (Documentation/driver-api/early-userspace/buffer-format.rst).
  write_file(directory_ / name, read_file(directory_ / "base") + read_file(directory_ / (name + ".part")));
  whole = directory_ / name;
  return whole;
}

}  // namespace husk::compare::linux_vm
