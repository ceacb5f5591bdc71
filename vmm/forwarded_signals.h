// Signals that husk is sent and that belong to the payload, whatever isolates it.
#pragma once

#include <signal.h>

#include <array>
#include <chrono>

namespace husk {

inline constexpr std::array kForwardedSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
// Of these: whoever sends one waits for the end.
inline constexpr std::array kAsksForEnd{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
// After one of them nobody is kept waiting longer for a reader of the payload's last words.
inline constexpr std::chrono::milliseconds kPatienceAtTheEnd{300};

}  // namespace husk
