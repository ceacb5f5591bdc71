#include "tools/compare/runners/docker.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include "tools/compare/guard.h"
#include "tools/compare/process.h"
#include "tools/compare/process_tree.h"
#include "tools/compare/roots.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLabel = "husk-compare";

std::vector<std::string> words_of(const std::optional<std::string>& text) {
  std::istringstream stream(text.value_or(""));
  return {std::istream_iterator<std::string>(stream), {}};
}

// What `docker LIST --quiet` has with this label.
std::vector<std::string> labelled(const std::string& docker, std::vector<std::string> list, const std::string& label) {
  list.insert(list.begin(), docker);
  list.insert(list.end(), {"--quiet", "--no-trunc", "--filter", "label=" + label});
  return words_of(output_of(list));
}

void remove_labelled(const std::string& docker, const std::string& label) {
  for (const std::string& container : labelled(docker, {"ps", "--all"}, label)) {
    output_of({docker, "rm", "--force", container});
  }
  for (const std::string& image : labelled(docker, {"images"}, label)) output_of({docker, "rmi", "--force", image});
}

// Labels of comparisons whose process is no more.
std::set<std::string> labels_of_the_dead(const std::string& docker) {
  std::set<std::string> dead;
  for (const char* kind : {"ps", "images"}) {
    std::vector<std::string> list = {docker, kind};
    if (std::string_view(kind) == "ps") list.emplace_back("--all");
    list.insert(list.end(), {"--quiet", "--filter", "label=" + std::string(kLabel)});
    for (const std::string& id : words_of(output_of(list))) {
      const std::vector<std::string> ask = {docker, "inspect", "--format", "{{index .Config.Labels \"husk-compare\"}}",
                                            id};
      for (const std::string& maker : words_of(output_of(ask))) {
        const int pid = std::atoi(maker.c_str());
        if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) dead.insert(std::string(kLabel) + "=" + maker);
      }
    }
  }
  return dead;
}

// The words of a process's command line (proc_pid_cmdline(5)); none for one that has ended.
std::vector<std::string> command_line(const fs::path& process) {
  std::ifstream file(process / "cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

}  // namespace

Availability Docker::detect(const Context&) const {
  const std::string program = find_program("docker");
  if (program.empty()) return {false, {}, "not installed (apt package docker.io)"};
  const std::vector<std::string> server = words_of(output_of({program, "version", "--format", "{{.Server.Version}}"}));
  if (server.empty()) return {false, {}, "no daemon answers (docker version says why)"};
  return {true, "Docker " + server.front(), {}};
}

void Docker::prepare(const Context&) {
  program_ = find_program("docker");
  label_ = std::string(kLabel) + "=" + std::to_string(comparison_id());
  for (const std::string& label : labels_of_the_dead(program_)) remove_labelled(program_, label);
}

std::string Docker::objection(const Invocation& invocation) const {
  return invocation.form == RootForm::kDirectory ? "it runs images that were imported" : "";
}

const std::string& Docker::image_of(const Invocation& invocation) {
  std::string& name = images_[invocation.root->image];
  if (!name.empty()) return name;
  constexpr int kImportMs = 120'000;
  constexpr std::size_t kMostOutput = 4096;
  Process import = Process::start({"/bin/sh", "-c", "tar -C \"$1\" -c . | \"$2\" import --change \"LABEL $3\" -", "sh",
                                   invocation.roots->files().string(), program_, label_},
                                  Process::Streams::kPipes);
  const std::vector<std::string> imported = words_of(import.read_output(kMostOutput, kImportMs));
  if (!import.wait(kImportMs) || import.exit_status() != 0 || imported.empty()) {
    images_.erase(invocation.root->image);
    throw Error("run", "docker import", import.has_ended() ? import.last_error_line() : "it takes too long");
  }
  name = imported.back();  // "sha256:..."
  return name;
}

std::vector<std::string> Docker::command(const Invocation& invocation) {
  std::vector<std::string> words = {
      program_,
      "run",
      "--rm",
      "--interactive",
      "--network=none",
      "--label=" + label_,
      "--name=husk-compare-" + std::to_string(comparison_id()) + "-" + std::to_string(next_++)};
  if (invocation.memory_bytes != 0) words.push_back("--memory=" + std::to_string(invocation.memory_bytes) + "b");
  words.push_back(image_of(invocation));
  words.insert(words.end(), invocation.argv.begin(), invocation.argv.end());
  return words;
}

std::vector<pid_t> Docker::daemons() const {
  if (program_.empty()) return {};
  // Shims and daemons are nobody's children here. A shim's command line names its container.
  const std::vector<std::string> own = labelled(program_, {"ps"}, label_);
  const std::vector<pid_t> below = trees_of({getpid()});  // containerd's runner has a daemon of its own
  std::vector<pid_t> pids;
  std::error_code gone;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc", gone)) {
    const pid_t pid = std::atoi(process.path().filename().c_str());
    if (pid <= 0 || std::ranges::find(below, pid) != below.end()) continue;
    const std::vector<std::string> words = command_line(process.path());
    if (words.empty()) continue;
    const std::string program = fs::path(words[0]).filename();
    const bool is_daemon = program == "dockerd" || program == "containerd";
    const bool is_own_shim =
        program.starts_with("containerd-shim") && std::ranges::any_of(own, [&](const std::string& container) {
          return std::ranges::find(words, container) != words.end();
        });
    if (is_daemon || is_own_shim) pids.push_back(pid);
  }
  return pids;
}

void Docker::clean_up() {
  if (program_.empty()) return;
  remove_labelled(program_, label_);
  images_.clear();
}

}  // namespace husk::compare
