#include "tools/compare/measure/instance.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include "tools/compare/process_tree.h"

namespace husk::compare {
namespace {

// How long nobody may have used the processor.
constexpr std::uint64_t kStillNs = 300'000'000;
constexpr std::size_t kMostKept = 1 << 20;  // that is kept to look for the line in

}  // namespace

void Instance::start(Process::Streams streams) {
  if (!is_root_timed()) root_.make();
  if (waiting_.sign == Waiting::Sign::kStill || waiting_.is_held) before_ = all_processes(roots());
  const std::uint64_t begin = monotonic_ns();
  if (is_root_timed()) root_.make();
  process_.emplace(Process::start(command_, streams, place_.spawner()));
  begin_ns_ = is_root_timed() ? begin : process_->start_ns();
}

std::string Instance::read_output(std::size_t count, int wait_ms) {
  if (output_file_.empty()) return process_->read_output(count, wait_ms);
  std::ifstream file(output_file_, std::ios::binary);
  std::string text(count, '\0');
  file.seekg(static_cast<std::streamoff>(output_read_));
  text.resize(static_cast<std::size_t>(file.read(text.data(), static_cast<std::streamsize>(count)).gcount()));
  output_read_ += text.size();
  if (text.empty() && wait_ms > 0) process_->wait(wait_ms);
  return text;
}

bool Instance::looks_idle(int wait_ms) {
  if (is_idle_) return true;
  switch (waiting_.sign) {
    case Waiting::Sign::kFirstByte:
      is_idle_ = !read_output(1, wait_ms).empty();
      break;
    case Waiting::Sign::kLine:
      is_idle_ = has_line(wait_ms);
      break;
    case Waiting::Sign::kStill:
      is_idle_ = is_still(wait_ms);
      break;
  }
  return is_idle_;
}

// Anywhere in what was written: a payload's lines may be a terminal's, or have no end yet.
bool Instance::has_line(int wait_ms) {
  output_ += read_output(1, wait_ms);
  output_ += read_output(kMostKept, 0);
  const bool is_there =
      output_.find(waiting_.text) != std::string::npos || process_->errors().find(waiting_.text) != std::string::npos;
  if (output_.size() > kMostKept) output_.erase(0, output_.size() - kMostKept / 2);
  if (is_there && waiting_.is_held) {
    held_ = since_its_start(all_processes(roots()));
    for (const pid_t pid : held_) kill(pid, SIGSTOP);
  }
  return is_there;
}

std::vector<pid_t> Instance::roots() const {
  std::vector<pid_t> pids = daemons_ ? daemons_() : std::vector<pid_t>();
  if (process_) pids.push_back(process_->pid());
  return pids;
}

// The trees of the roots, and what was left behind: by it, or by others.
std::vector<pid_t> Instance::all_processes(std::vector<pid_t> roots) {
  std::ranges::copy(orphans(), std::back_inserter(roots));
  return trees_of(std::move(roots));
}

// Those that have come since it was started: the payload of a container need not be below the client that started it.
std::vector<pid_t> Instance::since_its_start(std::vector<pid_t> pids) const {
  std::erase_if(pids, [&](pid_t pid) { return std::ranges::find(before_, pid) != before_.end(); });
  return pids;
}

// Nothing of all that takes part uses the processor: a daemon may be about to start the payload, and its client waits.
bool Instance::is_still(int wait_ms) {
  process_->wait(wait_ms);
  const std::vector<pid_t> asked = roots();  // asks the daemons, which may be a program to run
  const std::vector<pid_t> all = all_processes(asked);
  std::uint64_t ticks = 0;
  for (const pid_t pid : all) ticks += processor_ticks(pid);
  const std::uint64_t now = monotonic_ns();
  const bool has_daemons = asked.size() > 1;
  const bool is_payload_there = !has_daemons || since_its_start(all).size() > trees_of({process_->pid()}).size();
  if (ticks != ticks_ || still_since_ns_ == 0 || !is_payload_there) {
    ticks_ = ticks;
    still_since_ns_ = now;
  }
  return now - still_since_ns_ >= kStillNs && (is_detached_ || !process_->has_ended());
}

void Instance::release() {
  for (const pid_t pid : held_) kill(pid, SIGCONT);
  held_.clear();
}

void Instance::remove_root() {
  root_.remove();
  root_gone_ns_ = monotonic_ns();
}

std::uint64_t Instance::duration_ns() const {
  return (is_root_timed() ? root_gone_ns_ : process_->end_ns()) - begin_ns_;
}

}  // namespace husk::compare
