// husk's own words, on standard error: "husk: text". One line each. Nothing is set up before the first line that is
// really written, since start-up time is the product and most runs say nothing.
//
// Threading: any thread. Errors: writing to a closed standard error is not an error.
#pragma once

#include <string>
#include <string_view>

namespace husk::log {

// syslog's severities (RFC 5424, section 6.2.1), as the guest kernel's log uses them too.
enum class Severity : int { kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

// Sets up now what the first line needs: the environment and the terminal are asked about colours. For a caller that
// loses both before it writes.
void prepare();

void set_level(Severity most_verbose);  // default: kWarning
Severity level();
inline bool enabled(Severity severity) {
  return severity <= level();
}

// `text` for a terminal that is not to obey it and a line that is not to end in it: it may quote a file's name, of which
// somebody else may be the author.
std::string printable(std::string_view text);

// Writes what is printable of `line`.
void write(Severity severity, std::string_view line);

// printf's conversions; formats only when the severity is enabled.
[[gnu::format(printf, 2, 3)]] void print(Severity severity, const char* format, ...);

}  // namespace husk::log
