// What the platforms' entry points call.
#pragma once

namespace husk::payload {

[[noreturn]] void start(int count, const char* const* arguments);

}  // namespace husk::payload
