#include "vmm/machine/guest_log.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "abi/husk_abi.h"
#include "vmm/log.h"

namespace husk::machine {
namespace {

constexpr std::uint64_t kCapacity = sizeof(abi::GuestLog::text);

// What a terminal would act on becomes visible instead.
char printable(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value < 0x20 || value == 0x7f || (value >= 0x80 && value < 0xa0) ? '?' : byte;
}

void print_line(std::string_view line) {
  // "<L>text"; a line that does not start so has lost its beginning, or comes from a broken guest.
  log::Severity severity = log::Severity::kWarning;
  if (line.size() >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
    const int level = line[1] - '0';
    severity = level <= 3   ? log::Severity::kError
               : level == 4 ? log::Severity::kWarning
               : level <= 6 ? log::Severity::kInfo
                            : log::Severity::kDebug;
    line.remove_prefix(3);
  }
  if (!log::enabled(severity) || line.empty()) return;
  std::string text = "guest: ";
  std::ranges::transform(line, std::back_inserter(text), printable);
  log::write(severity, text);
}

}  // namespace

void GuestLogReader::print_new_lines() {
  const Gpa ring{abi::kGuestLogGpa};
  const std::uint64_t written = memory_.read<std::uint64_t>(ring + offsetof(abi::GuestLog, written)).value_or(printed_);
  if (written <= printed_) return;
  if (written - printed_ > kCapacity) {
    log::print(log::Severity::kWarning, "guest: (%llu bytes of its log were overwritten)",
               static_cast<unsigned long long>(written - printed_ - kCapacity));
    printed_ = written - kCapacity;
  }

  const std::span<std::byte> text = memory_.at(ring + offsetof(abi::GuestLog, text), kCapacity);
  if (text.empty()) return;
  std::string copy;
  copy.reserve(written - printed_);
  for (std::uint64_t position = printed_; position < written; ++position) {
    copy.push_back(static_cast<char>(text[position % kCapacity]));
  }
  printed_ = written;

  std::string_view rest = copy;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    print_line(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

}  // namespace husk::machine
