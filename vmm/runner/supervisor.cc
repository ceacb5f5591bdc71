#include "vmm/runner/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "vmm/error.h"
#include "vmm/forwarded_signals.h"
#include "vmm/runner/init_signals.h"
#include "vmm/runner/terminal_relay.h"

namespace husk::runner {
namespace {

constexpr std::array kStops = {SIGTSTP, SIGTTIN, SIGTTOU};
constexpr int kPatienceMs = static_cast<int>(kPatienceAtTheEnd.count());  // as poll(2) takes it

bool is_one_of(std::span<const int> signals, int signo) {
  return std::ranges::find(signals, signo) != signals.end();
}

std::optional<signalfd_siginfo> next_signal(const SignalGate& gate) {
  signalfd_siginfo info{};
  if (read(gate.descriptor(), &info, sizeof info) != sizeof info) return std::nullopt;
  return info;
}

// Returns the signal when it ended a payload that is process 1 of a namespace.
std::optional<int> forward(const Payload& payload, const signalfd_siginfo& info) {
  const bool stops = info.ssi_signo == SIGTERM && payload.stop_signal != 0;
  const int signo = stops ? payload.stop_signal : static_cast<int>(info.ssi_signo);
  // SI_KERNEL: not from a process, but from the terminal, whose whole foreground group gets it. Only that it has hung up
  // it tells nobody but the leader of its session.
  const bool for_leader = signo == SIGHUP && getsid(0) == getpid();
  const bool already_sent = payload.shares_terminal && info.ssi_code == SI_KERNEL && !for_leader;
  if (payload.listener) {
    const Delivery delivery = deliver_to_init(payload.pidfd.get(), payload.pid, signo, already_sent);
    if (delivery == Delivery::kEndsPayload) return signo;
  } else if (!already_sent) {
    syscall(SYS_pidfd_send_signal, payload.pidfd.get(), signo, nullptr, 0);
  }
  return std::nullopt;
}

// Husk stops as if it had never been asked, for its parent to see; when it goes on, so does the payload. SIGSTOP, since
// process 1 of a pid namespace takes no other signal that would stop it.
void stop_with_payload(const Payload& payload, int signo) {
  kill(payload.stopped_with_husk, SIGSTOP);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, signo);
  kill(getpid(), signo);
  sigprocmask(SIG_UNBLOCK, &stop, nullptr);  // stopped here
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  kill(payload.stopped_with_husk, SIGCONT);
}

// The payload has ended, and what it wrote last goes to the user, however long a terminal that is stopped (^S) takes;
// but if it was told to end by somebody who waits for that, only as long as it is read. Returns the signal by which
// somebody has asked for the end meanwhile.
std::optional<int> finish_output(TerminalRelay& terminal, const SignalGate& gate, bool asked_to_end) {
  while (!terminal.drained()) {
    std::array<pollfd, 2> events = {{{STDOUT_FILENO, POLLOUT, 0}, {gate.descriptor(), POLLIN, 0}}};
    if (poll(events.data(), events.size(), asked_to_end ? kPatienceMs : -1) == 0) break;
    const std::optional<signalfd_siginfo> info = events[1].revents != 0 ? next_signal(gate) : std::nullopt;
    if (info && is_one_of(kAsksForEnd, static_cast<int>(info->ssi_signo))) return static_cast<int>(info->ssi_signo);
  }
  return std::nullopt;
}

int reap(pid_t pid, std::optional<int> ended_by) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw Error::from_errno("wait for", "the payload");
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return 128 + ended_by.value_or(WTERMSIG(status));
}

}  // namespace

SignalGate::SignalGate(Stops stops, SignalBits ignored) {
  sigset_t forwarded;
  sigemptyset(&forwarded);
  const auto add = [&forwarded, ignored](int signo) {
    // What the parent ignores stays ignored, as in a VM: nohup(1), and background jobs of a shell without job control.
    // Blocked, it would be kept for the signalfd all the same.
    if ((ignored & signal_bit(signo)) == 0) sigaddset(&forwarded, signo);
  };
  for (const int signo : kForwardedSignals) add(signo);
  if (stops == Stops::kTaken) {
    for (const int signo : kStops) add(signo);
  }
  if (sigprocmask(SIG_BLOCK, &forwarded, &previous_mask_) != 0) throw Error::from_errno("block", "signals");
  descriptor_.reset(signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw Error::from_errno("make", "a signalfd");
}

SignalGate::~SignalGate() {
  sigprocmask(SIG_SETMASK, &previous_mask_, nullptr);
}

int supervise(Payload& payload, const SignalGate& gate, TerminalRelay* terminal) {
  std::optional<int> ended_by;
  bool asked_to_end = false;
  constexpr std::size_t kOwn = 3;
  std::array<pollfd, kOwn + TerminalRelay::kDescriptors> all{};
  const std::span events(all);
  events[0] = {payload.pidfd.get(), POLLIN, 0};
  events[1] = {gate.descriptor(), POLLIN, 0};
  events[2] = {payload.listener.get(), POLLIN, 0};  // poll(2) skips a negative descriptor
  const auto terminals = events.subspan<kOwn>();
  const std::span used = events.first(terminal != nullptr ? all.size() : kOwn);
  for (;;) {
    if (terminal != nullptr) terminal->prepare(terminals);
    if (poll(used.data(), used.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error::from_errno("wait for", "the payload");
    }
    if (terminal != nullptr) {
      const std::optional<int> typed = terminal->move(terminals, payload.pid);
      if (typed && !ended_by &&
          deliver_to_init(payload.pidfd.get(), payload.pid, *typed, true) == Delivery::kEndsPayload) {
        ended_by = typed;
      }
    }
    if (events[0].revents != 0) {
      std::optional<int> cut_short;
      if (terminal != nullptr) cut_short = finish_output(*terminal, gate, asked_to_end);
      const int status = reap(payload.pid, ended_by);
      // What came too late for the payload is not for husk, which has a status to return.
      while (next_signal(gate)) {
      }
      return cut_short ? 128 + *cut_short : status;
    }
    if (ended_by) {  // only its end is waited for now
      events[1].fd = events[2].fd = -1;
      continue;
    }
    if (events[1].revents != 0) {
      const std::optional<signalfd_siginfo> info = next_signal(gate);
      if (!info) continue;
      const int signo = static_cast<int>(info->ssi_signo);
      if (is_one_of(kStops, signo)) {
        stop_with_payload(payload, signo);
      } else if (terminal != nullptr && signo == SIGWINCH) {
        terminal->take_window_size();
      } else {
        ended_by = forward(payload, *info);
        asked_to_end = ended_by.has_value();
      }
    } else if ((events[2].revents & POLLIN) != 0) {
      ended_by = answer_init_signal(payload.listener.get(), payload.pidfd.get(), payload.pid);
    } else if (events[2].revents != 0) {
      events[2].fd = -1;  // no process with the filter is left
    }
  }
}

void reset_signals(const sigset_t& mask, SignalBits ignored) {
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, (ignored & signal_bit(SIGXFSZ)) != 0 ? SIG_IGN : SIG_DFL);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
}

void set_foreground_group(pid_t group) {
  sigset_t stop, previous;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  sigprocmask(SIG_BLOCK, &stop, &previous);
  tcsetpgrp(STDIN_FILENO, group);
  sigprocmask(SIG_SETMASK, &previous, nullptr);
}

}  // namespace husk::runner
