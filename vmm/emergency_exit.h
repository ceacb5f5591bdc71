// The way out of the process that runs no destructors: for a signal handler that has found that there is no other. What
// must be put right all the same (the user's terminal) is an action that whoever needs it has set.
//
// Threading: any thread, and in a signal handler: async-signal-safe (signal-safety(7)), except `set_emergency_action`.
#pragma once

#include <string_view>

namespace husk {

// What `emergency_exit` does first: an async-signal-safe function, or null. There is one.
void set_emergency_action(void (*action)());

// Ends the process with `status`. `last_words`, whole lines, go to standard error if it takes them at once: a reader
// that does not read must not keep the process.
[[noreturn]] void emergency_exit(int status, std::string_view last_words);

}  // namespace husk
