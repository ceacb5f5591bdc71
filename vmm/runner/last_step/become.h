// See become.cc.
#pragma once

namespace husk::runner::last_step {

// `arguments`: what interface.h says, from the working directory on.
[[noreturn]] void become_payload(const char* const* arguments, const char* const* environment);

// For a script or a program in the image that names /proc/self/exe as its interpreter, which is this program.
[[noreturn]] void refuse_to_be_an_interpreter(const char* name);

}  // namespace husk::runner::last_step
