// Signal state of a task and of a process: signal(7), data only. What is done with it: task/signal.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/list.h"
#include "lib/ref.h"

namespace kernel::task {

// Signal n is bit n - 1, as in Linux's sigset_t.
using SignalSet = std::uint64_t;
inline constexpr int kSignalCount = 64;
constexpr SignalSet signal_bit(int signal) { return SignalSet{1} << (signal - 1); }

enum Signal : int {
  kSigHup = 1, kSigInt = 2, kSigQuit = 3, kSigIll = 4, kSigTrap = 5, kSigAbrt = 6, kSigBus = 7, kSigFpe = 8, kSigKill = 9,
  kSigUsr1 = 10, kSigSegv = 11, kSigUsr2 = 12, kSigPipe = 13, kSigAlrm = 14, kSigTerm = 15, kSigStkFlt = 16, kSigChld = 17,
  kSigCont = 18, kSigStop = 19, kSigTstp = 20, kSigTtin = 21, kSigTtou = 22, kSigUrg = 23, kSigXcpu = 24, kSigXfsz = 25,
  kSigVtAlrm = 26, kSigProf = 27, kSigWinch = 28, kSigIo = 29, kSigPwr = 30, kSigSys = 31, kSigRtMin = 32,
};

// Linux's siginfo_t.
struct SignalInfo {
  std::int32_t signal = 0;
  std::int32_t error = 0;
  std::int32_t code = 0;
  std::int32_t padding = 0;
  struct Child {
    std::int32_t pid;
    std::uint32_t uid;
    std::int32_t status;
    std::int32_t padding;
    std::int64_t user_ticks;
    std::int64_t system_ticks;
  };
  struct Sender {
    std::int32_t pid;
    std::uint32_t uid;
    std::uint64_t value;
  };
  struct Timer {
    std::int32_t id;
    std::int32_t overrun;
    std::uint64_t value;
  };
  union {
    std::byte bytes[112] = {};
    Sender sender;
    Child child;
    Timer timer;
    std::uint64_t fault_address;
  };
};
static_assert(sizeof(SignalInfo) == 128);

// Linux's struct kernel_sigaction of the x86-64 ABI (rt_sigaction(2)).
struct SignalAction {
  std::uint64_t handler = 0;   // user address, 0 = SIG_DFL, 1 = SIG_IGN
  std::uint64_t flags = 0;
  std::uint64_t restorer = 0;
  SignalSet mask = 0;
};

// The table of dispositions; shared by the threads of a process and by clone(CLONE_SIGHAND).
class SignalHandlers final : public RefCounted {
 public:
  SignalAction actions[kSignalCount];  // of signal n at n - 1
};

// One queued signal; allocated when it is sent.
struct QueuedSignal {
  SignalInfo info;
  ListNode node;
};

struct PendingSignals {
  SignalSet set = 0;
  List<QueuedSignal, &QueuedSignal::node> queue;  // in order of sending; may lack the info of a standard signal (no memory)
};

// Linux's stack_t (sigaltstack(2)).
struct AlternateStack {
  std::uint64_t base = 0;
  std::int32_t flags = 2;  // SS_DISABLE
  std::int32_t padding = 0;
  std::uint64_t size = 0;
};

struct TaskSignals {
  SignalSet blocked = 0;
  SignalSet saved_blocked = 0;   // to be restored after the handler that ends a sigsuspend(2) or ppoll(2)
  bool restore_blocked = false;
  PendingSignals pending;        // sent to this thread alone
  AlternateStack alternate_stack;
};

// setitimer(2)'s three timers; ITIMER_VIRTUAL and ITIMER_PROF count CPU time of the process.
struct IntervalTimer {
  std::uint64_t expires_ns = 0;  // 0: disarmed
  std::uint64_t interval_ns = 0;
};

struct ProcessSignals {
  Ref<SignalHandlers> handlers;
  PendingSignals pending;        // sent to the process
  IntervalTimer interval_timers[3];
};

}  // namespace kernel::task
