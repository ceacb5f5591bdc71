// What an error number means, for the log.
#pragma once

#include <string_view>

#include "lib/errno.h"

namespace kernel {

std::string_view error_text(Errno error);

}  // namespace kernel
