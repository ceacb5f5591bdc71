// The kernel's log: lines in a ring that the VMM reads (abi::GuestLog), so that logging costs no exit. The VMM prints
// the lines when the VM ends, when the kernel panics, or when it is asked to (abi::ControlRegister::kFlushLog).
#pragma once

#include "lib/format.h"

namespace husk::abi {
struct GuestLog;
}

namespace kernel {

// Where the lines go, and how the VM ends after a panic. Registered by whoever knows the machine, as the very first thing:
// until then lines are lost, and a panic stops the CPU.
struct LogSink {
  husk::abi::GuestLog* ring = nullptr;
  void (*end_after_panic)() = nullptr;  // does not return
};
void set_log_sink(const LogSink& sink);

enum class LogLevel : unsigned { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view text);

// What the ring holds, for syslog(2): two pieces, because it wraps around. Valid until the next line is logged.
struct LogText {
  std::string_view older;
  std::string_view newer;
};
LogText log_text();
std::size_t log_text_size();  // the most that log_text() can give

template <typename... Args>
void log(LogLevel level, std::string_view format, const Args&... args) {
  if (!log_enabled(level)) return;
  FixedText<240> text;
  text.print(format, args...);
  log_line(level, text.view());
}

// Stops the VM: the kernel found itself in a state that its own code must never produce. Never for anything that a
// payload can cause.
[[noreturn]] void panic_line(std::string_view text);

template <typename... Args>
[[noreturn]] void panic(std::string_view format, const Args&... args) {
  FixedText<240> text;
  text.print(format, args...);
  panic_line(text.view());
}

}  // namespace kernel
