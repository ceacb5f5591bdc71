// Signals to a payload that is process 1 of a pid namespace.
//
// The kernel discards a signal to such a process when its action is the default one (pid_namespaces(7), "The namespace
// init process"): Ctrl-C would not end `sleep 100`, and `kill -9 $$` would do nothing. Under every other parent both
// work, and so they do in husk's micro-VM. Here husk does what the kernel would have done to another process: it looks
// at the payload's disposition and ends the payload itself where the default action is to end it.
#pragma once

#include <sys/types.h>

#include <optional>

namespace husk::runner {

enum class Delivery { kSent, kEndsPayload };

// For a signal that husk was sent: sends it to the process behind `pidfd`, whose number is `pid` for the caller, or
// kills it where the signal's default action, which is in force, would. The caller then reports 128+signo.
// `already_sent`: the terminal has sent the signal to the payload too.
Delivery deliver_to_init(int pidfd, pid_t pid, int signo, bool already_sent);

// Takes one notification from the seccomp listener (a process in the container signals process 1, see seccomp.h) and
// answers it. Returns the signal when it ended the payload. A notification whose sender has gone is not an error.
std::optional<int> answer_init_signal(int listener, int pidfd, pid_t pid);

}  // namespace husk::runner
