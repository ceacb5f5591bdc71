// Signals that were ignored when husk was started: by nohup(1), by a shell without job control for what it runs in the
// background, by `trap ''`. What is ignored stays ignored over execve(2), so a command that is started in the place of
// husk would have it so; husk and its payload do as well.
#pragma once

#include <cstdint>

namespace husk {

// Bit n - 1 stands for signal n.
using SignalBits = std::uint64_t;
constexpr SignalBits signal_bit(int number) {
  return SignalBits{1} << (number - 1);
}

// Returns the ignored ones, and then sets what husk needs for itself: SIGPIPE and SIGXFSZ ignored, since a reader that
// is gone and a file that may not grow are errors of write(2) for the payload to see, not the end of husk; SIGCHLD
// default, since whoever ignores it cannot wait for a child (waitpid(2), NOTES). To be called once, first of all.
//
// SIGPIPE and SIGCHLD are not passed on: services are started with the one ignored (systemd.exec(5), IgnoreSIGPIPE=),
// and a payload that never heard of either would not end with its reader, and lose its children. runc gives their
// default as well.
SignalBits settle_signals();

}  // namespace husk
