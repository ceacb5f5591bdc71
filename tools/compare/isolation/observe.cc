#include "tools/compare/isolation/observe.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

#include "vmm/error.h"

namespace husk::compare {
namespace {

bool is_name(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

}  // namespace

// "1234  openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3"; a call that another thread's line interrupts is
// "name(... <unfinished ...>" and later "<... name resumed>...": counted when it begins. Signals are "--- SIG... ---", ends
// "+++ ... +++".
Observation parse_strace(const std::string& text) {
  Observation observation;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of("0123456789 ");
    const std::size_t open = line.find('(');
    if (begin == std::string::npos || open == std::string::npos || open < begin) continue;
    const std::string name = line.substr(begin, open - begin);
    if (!is_name(name)) continue;
    ++observation.calls[name];
    if (name != "openat" && name != "open" && name != "execve" && name != "execveat") continue;
    const std::size_t quote = line.find('"', open);
    const std::size_t end = quote == std::string::npos ? quote : line.find('"', quote + 1);
    const bool failed = line.find(") = -1 ") != std::string::npos;
    if (end == std::string::npos || failed || line[quote + 1] != '/') continue;
    observation.files.insert(line.substr(quote + 1, end - quote - 1));
  }
  return observation;
}

Observation observe(const std::vector<std::string>& command, const std::string& output_file,
                    const std::function<void(Process&)>& finish) {
  const std::string strace = find_program("strace");
  if (strace.empty()) throw Error("observe", "system calls", "strace is not installed", "apt package strace");
  std::vector<std::string> traced = {strace, "-f", "-qq", "-s", "256", "-o", output_file, "--"};
  traced.insert(traced.end(), command.begin(), command.end());
  Process process = Process::start(traced, Process::Streams::kNone);
  finish(process);  // strace ends as the command does
  std::ifstream file(output_file);
  std::ostringstream text;
  text << file.rdbuf();
  Observation observation = parse_strace(text.str());
  if (observation.calls.empty()) throw Error("observe", command[0], "strace saw nothing: " + process.last_error_line());
  return observation;
}

}  // namespace husk::compare
