// What the portable parts of the kernel call and only the kernel has: here a panic is an exception that a test can
// expect.
#include <stdexcept>
#include <string>

#include "lib/log.h"

namespace kernel {

bool log_enabled(LogLevel) {
  return false;
}
void log_line(LogLevel, std::string_view) {}
void panic_line(std::string_view text) {
  throw std::runtime_error(std::string(text));
}

}  // namespace kernel
