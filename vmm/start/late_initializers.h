// Initializers that an ordinary `husk run` does without.
//
// The files that use CLI11 include <iostream>, and each file that does so initializes the standard streams, and with them
// the locales, before main; CLI11 has objects of its own besides. That is 90,000 instructions of a start
// that writes nothing by a stream. So the linker puts the initializers of these files (libhusk_by_cli11.a) aside
// (late_initializers.ld), and main runs them when it is about to use what they initialize.
#pragma once

namespace husk {

// Once, before anything of libhusk_by_cli11.a is called.
void run_late_initializers();

}  // namespace husk
