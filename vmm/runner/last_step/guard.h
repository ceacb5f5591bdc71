// See guard.cc.
#pragma once

namespace husk::runner::last_step {

// `group`: the path of a control group to remove, or "".
[[noreturn]] void guard(const char* group);

}  // namespace husk::runner::last_step
