// The pages that a tracefs instance's per_cpu/cpuN/trace_pipe_raw gives: the kernel's ring buffer as it is (format in
// events/header_page and events/header_event of tracefs; Documentation/trace/ring-buffer-design.rst).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace husk::compare {

// Where the fields of an entry of the function tracer are: events/ftrace/function/format.
struct FunctionEntryFormat {
  std::uint16_t type = 0;
  std::size_t flags_offset = 0;
  std::size_t pid_offset = 0;
  std::size_t address_offset = 0;
};

// Throws husk::Error when the text is not what is expected.
FunctionEntryFormat parse_function_format(const std::string& text);

struct FunctionCall {
  std::uint64_t time = 0;
  std::uint64_t address = 0;
  pid_t pid = 0;
  bool in_interrupt = false;  // hard or soft interrupt, or NMI: it may be anybody's work
};

// Calls `take` for each function call on the page. True when the page says that entries before it were lost.
bool read_trace_page(std::span<const std::byte> page, const FunctionEntryFormat& format,
                     const std::function<void(const FunctionCall&)>& take);

}  // namespace husk::compare
