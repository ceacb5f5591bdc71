// The log's ring of text in memory that the VMM reads (abi::GuestLog), apart from where that memory is.
#pragma once

#include <string_view>

#include "abi/husk_abi.h"

namespace kernel {

// Appends "<severity>text\n". A payload can put its own bytes into what the kernel logs (a file's name), and the VMM
// prints the log on a terminal: control characters become '?', so that a line stays one line and steers no terminal.
void append_to_log(husk::abi::GuestLog& log, unsigned severity, std::string_view text);

}  // namespace kernel
