#include "vmm/runner/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "vmm/error.h"
#include "vmm/runner/init_signals.h"

namespace husk::runner {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

std::optional<signalfd_siginfo> next_signal(const SignalGate& gate) {
  signalfd_siginfo info{};
  if (read(gate.descriptor(), &info, sizeof info) != sizeof info) return std::nullopt;
  return info;
}

// Returns the signal when it ended a payload that is process 1 of a namespace.
std::optional<int> forward(const Payload& payload, const signalfd_siginfo& info) {
  const int signo = static_cast<int>(info.ssi_signo);
  // SI_KERNEL: not from a process, but from the terminal, whose whole foreground group gets it.
  const bool already_sent = payload.shares_terminal && info.ssi_code == SI_KERNEL;
  if (payload.listener) {
    const Delivery delivery = deliver_to_init(payload.pidfd.get(), payload.pid, signo, already_sent);
    if (delivery == Delivery::kEndsPayload) return signo;
  } else if (!already_sent) {
    syscall(SYS_pidfd_send_signal, payload.pidfd.get(), signo, nullptr, 0);
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

SignalGate::SignalGate() {
  sigset_t forwarded;
  sigemptyset(&forwarded);
  for (const int signo : kForwarded) {
    struct sigaction current {};
    // What the parent ignores stays ignored, as in a VM: nohup(1), and background jobs of a shell without job control.
    // Blocked, it would be kept for the signalfd all the same.
    if (sigaction(signo, nullptr, &current) == 0 && current.sa_handler == SIG_IGN) continue;
    sigaddset(&forwarded, signo);
  }
  if (sigprocmask(SIG_BLOCK, &forwarded, &previous_mask_) != 0) throw Error::from_errno("block", "signals");
  descriptor_.reset(signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw Error::from_errno("make", "a signalfd");
}

SignalGate::~SignalGate() {
  sigprocmask(SIG_SETMASK, &previous_mask_, nullptr);
}

int supervise(Payload& payload, const SignalGate& gate) {
  std::optional<int> ended_by;
  std::array<pollfd, 3> events = {{{payload.pidfd.get(), POLLIN, 0},
                                   {gate.descriptor(), POLLIN, 0},
                                   {payload.listener.get(), POLLIN, 0}}};  // poll(2) skips a negative descriptor
  for (;;) {
    if (poll(events.data(), events.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error::from_errno("wait for", "the payload");
    }
    if (events[0].revents != 0) return reap(payload.pid, ended_by);
    if (ended_by) {  // only its end is waited for now
      events[1].fd = events[2].fd = -1;
      continue;
    }
    if (events[1].revents != 0) {
      if (const auto info = next_signal(gate)) ended_by = forward(payload, *info);
    } else if ((events[2].revents & POLLIN) != 0) {
      ended_by = answer_init_signal(payload.listener.get(), payload.pidfd.get(), payload.pid);
    } else if (events[2].revents != 0) {
      events[2].fd = -1;  // no process with the filter is left
    }
  }
}

void reset_signals(const sigset_t& mask, SignalBits ignored) {
  struct sigaction action {};
  for (int signo = 1; signo <= SIGRTMAX; ++signo) {
    action.sa_handler = (ignored & signal_bit(signo)) != 0 ? SIG_IGN : SIG_DFL;
    sigaction(signo, &action, nullptr);  // fails for SIGKILL and SIGSTOP
  }
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
