#include "vmm/machine/guest_log.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "abi/husk_abi.h"

namespace husk::machine {
namespace {

constexpr std::uint64_t kCapacity = sizeof(abi::GuestLog::text);

constexpr std::string_view kPrefix = "guest: ";

void print_line(GuestWords& words, std::string_view line) {
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
  words.say(severity, std::string(kPrefix).append(line));
}

// The last lines of `text`, as many as the budget has room for: the newest are the ones to keep.
std::string_view newest_lines(std::string_view text, std::uint64_t budget) {
  std::size_t start = text.size();
  while (start > 0) {
    const std::size_t newline = start >= 2 ? text.rfind('\n', start - 2) : std::string_view::npos;
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    const std::uint64_t cost = GuestWords::cost(kPrefix.size() + start - line);
    if (cost > budget) break;
    budget -= cost;
    start = line;
  }
  return text.substr(start);
}

}  // namespace

void GuestLogReader::print_new_lines() {
  print(std::numeric_limits<std::uint64_t>::max());
}

void GuestLogReader::print_last_lines() {
  // Less the two lines that say what is missing.
  print(words_.begin_last_words() - 2 * GuestWords::cost(80));
  words_.end();
}

void GuestLogReader::print(std::uint64_t budget) {
  const Gpa ring{abi::kGuestLogGpa};
  const std::uint64_t written = memory_.read<std::uint64_t>(ring + offsetof(abi::GuestLog, written)).value_or(printed_);
  if (written <= printed_) return;
  if (written - printed_ > kCapacity) {
    words_.say(log::Severity::kWarning,
               "guest: (" + std::to_string(written - printed_ - kCapacity) + " bytes of its log were overwritten)");
    printed_ = written - kCapacity;
  }

  std::string ring_text(kCapacity, '\0');
  if (!memory_.read_bytes(ring + offsetof(abi::GuestLog, text), std::as_writable_bytes(std::span(ring_text)))) return;
  std::string text;
  text.reserve(written - printed_);
  for (std::uint64_t position = printed_; position < written; ++position) text += ring_text[position % kCapacity];
  printed_ = written;

  std::string_view rest = newest_lines(text, budget);
  if (rest.size() < text.size()) {
    words_.say(log::Severity::kWarning,
               "guest: (" + std::to_string(text.size() - rest.size()) + " bytes of its log were left out)");
  }
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    print_line(words_, rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

}  // namespace husk::machine
