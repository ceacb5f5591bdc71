#include "vmm/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <cstdarg>
#include <cstdio>
#include <memory>

namespace husk::log {
namespace {

Severity most_verbose_level = Severity::kWarning;

spdlog::level::level_enum spdlog_level(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return spdlog::level::err;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kDebug:
      return spdlog::level::debug;
  }
  return spdlog::level::info;
}

spdlog::logger& logger() {
  static const std::unique_ptr<spdlog::logger> instance = [] {
    auto made = std::make_unique<spdlog::logger>("husk", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>());
    made->set_pattern("%^%n:%$ %v");
    made->set_level(spdlog::level::trace);  // `enabled` has decided already
    return made;
  }();
  return *instance;
}

}  // namespace

void prepare() {
  logger();
}

void set_level(Severity most_verbose) {
  most_verbose_level = most_verbose;
}
Severity level() {
  return most_verbose_level;
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return result;
}

void write(Severity severity, std::string_view line) {
  if (!enabled(severity)) return;
  const std::string text = printable(line);
  logger().log(spdlog_level(severity), spdlog::string_view_t(text.data(), text.size()));
}

void print(Severity severity, const char* format, ...) {
  if (!enabled(severity)) return;
  char line[1024];
  std::va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  write(severity, std::string_view(line, std::min(static_cast<std::size_t>(length), sizeof line - 1)));
}

}  // namespace husk::log
