#include "tools/compare/runner.h"

#include <cstring>
#include <ctime>

#include "tools/compare/process.h"

namespace husk::compare {

Boundary Runner::boundary(const std::vector<std::string>& command) const {
  switch (isolation()) {
    case Isolation::kVm:
      return {.kind = Boundary::Kind::kVcpus, .program = find_program(command.at(0)), .arguments = {}};
    case Isolation::kLanguage:
      return {.kind = Boundary::Kind::kProgram, .program = find_program(command.at(0)), .arguments = {}};
    default:
      return {};
  }
}

Timeline Runner::timeline(const std::string& output) const {
  // The payload shares the host's clock: `payload --stamp` has written what it read, first and last.
  const auto moment = [&](std::size_t index) -> std::optional<std::uint64_t> {
    timespec time{};
    if (output.size() < (index + 1) * sizeof time) return std::nullopt;
    std::memcpy(&time, output.data() + index * sizeof time, sizeof time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
  };
  Timeline timeline;
  timeline.first_instruction_ns = moment(0);
  timeline.last_instruction_ns = moment(1);
  return timeline;
}

}  // namespace husk::compare
