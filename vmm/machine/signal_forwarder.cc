#include "vmm/machine/signal_forwarder.h"

#include <signal.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "vmm/emergency_exit.h"
#include "vmm/error.h"
#include "vmm/forwarded_signals.h"

namespace husk::machine {
namespace {

constexpr std::uint32_t kEndSignals = [] {
  std::uint32_t mask = 0;
  for (const int signal : kAsksForEnd) mask |= std::uint32_t{1} << signal;
  return mask;
}();

// All that the handlers can reach. They run on one thread and block each other; a lock-free atomic is
// async-signal-safe, and so are forward_signal (one ioctl), clock_gettime and timer_settime (signal-safety(7)).
std::atomic<ControlDevice*> target{nullptr};
static_assert(std::atomic<ControlDevice*>::is_always_lock_free);
timer_t timer;  // written once, before there is a handler
bool has_timer = false;
std::atomic<int> end_signal = 0;  // the last one that asked for the end
Patience patience;                // of the handlers, which block each other
std::atomic<int> unanswered_signal = 0;
std::atomic<bool> alarm_is_ignored = false;

void set_tick(long ns) {
  const itimerspec period{.it_interval = {.tv_sec = 0, .tv_nsec = ns}, .it_value = {.tv_sec = 0, .tv_nsec = ns}};
  ::timer_settime(timer, 0, &period, nullptr);
}

std::int64_t processor_time_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void handle(int number) {
  const int saved_errno = errno;
  ControlDevice* control = target.load();
  if (control == nullptr) {
    // There is no payload any more, and what is left of husk need not be waited for.
    if (kEndSignals >> number & 1) emergency_exit(128 + number, {});
  } else {
    if (kEndSignals >> number & 1) {
      // One that comes while another is still waiting does not give the guest more time.
      if ((control->pending_signals() & kEndSignals) == 0) {
        patience.begin(processor_time_ns());
        set_tick(Patience::kTickNs);
      }
      end_signal = number;
    }
    control->forward_signal(number);
  }
  errno = saved_errno;
}

void tick(int, siginfo_t* info, void*) {
  if (info->si_code != SI_TIMER) {
    // Somebody else's: what it would have done without this handler.
    if (!alarm_is_ignored) emergency_exit(128 + SIGALRM, {});
    return;
  }
  const int saved_errno = errno;
  ControlDevice* control = target.load();
  if (control == nullptr || (control->pending_signals() & kEndSignals) == 0) {
    set_tick(0);
  } else {
    const Patience::State state = patience.tick(processor_time_ns());
    if (state != Patience::State::kWaiting) unanswered_signal = end_signal.load();
    if (state == Patience::State::kLastStep) {
      emergency_exit(128 + end_signal,
                     "husk: the guest kernel does not respond to signals, and its VM not either: ended\n");
    }
  }
  errno = saved_errno;
}

}  // namespace

SignalForwarder::SignalForwarder(ControlDevice& control) {
  end_signal = unanswered_signal = 0;
  struct sigaction action {};
  ::sigfillset(&action.sa_mask);
  action.sa_sigaction = tick;
  action.sa_flags = SA_SIGINFO;
  struct sigaction previous_alarm {};
  if (::sigaction(SIGALRM, &action, &previous_alarm) != 0) throw Error::from_errno("catch", "signals");
  alarm_is_ignored = previous_alarm.sa_handler == SIG_IGN;
  if (!has_timer) {
    // Made here, since the sandbox lets nobody make one later; never deleted, for the same reason.
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) throw Error::from_errno("create", "a timer");
    has_timer = true;
  }

  target = &control;
  action.sa_flags = 0;
  action.sa_handler = handle;
  // No SA_RESTART: KVM_RUN and a write that blocks return, and the loop goes on.
  for (const int number : kForwardedSignals) {
    struct sigaction previous {};
    if (::sigaction(number, &action, &previous) != 0) throw Error::from_errno("catch", "signals");
    // What the parent ignores stays ignored: nohup(1), and background jobs of a shell without job control.
    if (previous.sa_handler == SIG_IGN) ::sigaction(number, &previous, nullptr);
  }
}

// The handlers stay: a confined VMM may not change them (vmm/sandbox/filter.cc).
SignalForwarder::~SignalForwarder() {
  target = nullptr;  // first: no handler shall start the timer again
  set_tick(0);
}

int SignalForwarder::unanswered() const {
  return unanswered_signal;
}

}  // namespace husk::machine
