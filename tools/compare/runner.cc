#include "tools/compare/runner.h"

#include <cstring>
#include <ctime>

namespace husk::compare {

std::optional<std::uint64_t> Runner::first_instruction(const std::string& output) const {
  // The payload shares the host's clock: it has written what it read (default_payload.cc).
  timespec moment{};
  if (output.size() != sizeof moment) return std::nullopt;
  std::memcpy(&moment, output.data(), sizeof moment);
  return static_cast<std::uint64_t>(moment.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(moment.tv_nsec);
}

const std::vector<std::string>& Runner::payload(const Workload& workload, Phase phase) {
  switch (phase) {
    case Phase::kStamp:
      return workload.stamp;
    case Phase::kIdle:
      return workload.idle;
    case Phase::kStart:
      break;
  }
  return workload.start;
}

}  // namespace husk::compare
