// See guard.cc.
#pragma once

namespace husk::runner::last_step {

// `groups`: the paths of control groups to remove, up to a null pointer.
[[noreturn]] void guard(const char* const* groups);

}  // namespace husk::runner::last_step
