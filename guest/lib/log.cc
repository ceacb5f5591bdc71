#include "lib/log.h"

#include <algorithm>

#include "lib/log_ring.h"

namespace kernel {
namespace {

constinit LogSink g_sink;
constinit LogLevel g_level = LogLevel::kWarning;
constinit bool g_panicking = false;

}  // namespace

void set_log_sink(const LogSink& sink) {
  g_sink = sink;
}

void set_log_level(LogLevel level) {
  g_level = level;
}

bool log_enabled(LogLevel level) {
  return level <= g_level;
}

void log_line(LogLevel level, std::string_view text) {
  if (g_sink.ring) append_to_log(*g_sink.ring, static_cast<unsigned>(level), text);
}

LogText log_text() {
  if (!g_sink.ring) return {};
  const husk::abi::GuestLog& ring = *g_sink.ring;
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
  if (g_sink.end_after_panic) g_sink.end_after_panic();
  for (;;) __builtin_ia32_pause();
}

}  // namespace kernel
