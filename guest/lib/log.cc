#include "lib/log.h"

#include <algorithm>

#include "drivers/control.h"
#include "lib/log_ring.h"
#include "mm/address.h"

namespace kernel {
namespace {

constinit LogLevel g_level = LogLevel::kWarning;
constinit bool g_panicking = false;

husk::abi::GuestLog& guest_log() {
  return *mm::physical_pointer<husk::abi::GuestLog>(husk::abi::kGuestLogGpa);
}

}  // namespace

void set_log_level(LogLevel level) {
  g_level = level;
}

bool log_enabled(LogLevel level) {
  return level <= g_level;
}

void log_line(LogLevel level, std::string_view text) {
  append_to_log(guest_log(), static_cast<unsigned>(level), text);
}

LogText log_text() {
  const husk::abi::GuestLog& ring = guest_log();
  const std::size_t start = ring.written % sizeof ring.text;
  const std::string_view newer(ring.text, start);
  if (ring.written < sizeof ring.text) return {{}, newer};
  std::string_view older(ring.text + start, sizeof ring.text - start);
  // The oldest line has lost its beginning.
  older.remove_prefix(std::min(older.find('\n') + 1, older.size()));
  return {older, newer};
}

std::size_t log_text_size() {
  return sizeof(husk::abi::GuestLog::text);
}

void panic_line(std::string_view text) {
  // A panic inside this function (a fault on the log's page, say) must not come back here for ever: the second one
  // skips the log.
  if (!g_panicking) {
    g_panicking = true;
    log_line(LogLevel::kError, text);
  }
  drivers::end_after_panic();
}

}  // namespace kernel
