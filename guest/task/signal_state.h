// Signal state of a task and of a process: signal(7), data only. What is done with it: task/signal.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/list.h"
#include "lib/ref.h"
#include "lib/result.h"
#include "lib/time.h"
#include "task/timer_queue.h"
#include "task/user.h"
#include "task/wait_queue.h"

namespace kernel::task {

// Signal n is bit n - 1, as in Linux's sigset_t.
using SignalSet = std::uint64_t;
inline constexpr int kSignalCount = 64;
constexpr SignalSet signal_bit(int signal) {
  return SignalSet{1} << (signal - 1);
}

enum Signal : int {
  kSigHup = 1,
  kSigInt = 2,
  kSigQuit = 3,
  kSigIll = 4,
  kSigTrap = 5,
  kSigAbrt = 6,
  kSigBus = 7,
  kSigFpe = 8,
  kSigKill = 9,
  kSigUsr1 = 10,
  kSigSegv = 11,
  kSigUsr2 = 12,
  kSigPipe = 13,
  kSigAlrm = 14,
  kSigTerm = 15,
  kSigStkFlt = 16,
  kSigChld = 17,
  kSigCont = 18,
  kSigStop = 19,
  kSigTstp = 20,
  kSigTtin = 21,
  kSigTtou = 22,
  kSigUrg = 23,
  kSigXcpu = 24,
  kSigXfsz = 25,
  kSigVtAlrm = 26,
  kSigProf = 27,
  kSigWinch = 28,
  kSigIo = 29,
  kSigPwr = 30,
  kSigSys = 31,
  kSigRtMin = 32,
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
  struct Poll {
    std::int64_t band;
    std::int32_t fd;
    std::int32_t padding;
  };
  struct MemoryFault {
    std::uint64_t address;
    std::uint16_t bits;  // the least significant of the address
  };
  struct Call {
    std::uint64_t address;
    std::int32_t number;
    std::uint32_t architecture;
  };
  union {
    std::byte bytes[112] = {};
    Sender sender;
    Child child;
    Timer timer;
    Poll poll;
    MemoryFault memory_fault;
    Call call;
    std::uint64_t fault_address;
  };
};
static_assert(sizeof(SignalInfo) == 128);

// Linux's struct kernel_sigaction of the x86-64 ABI (rt_sigaction(2)).
struct SignalAction {
  std::uint64_t handler = 0;  // user address, 0 = SIG_DFL, 1 = SIG_IGN
  std::uint64_t flags = 0;
  std::uint64_t restorer = 0;
  SignalSet mask = 0;

  static constexpr std::uint64_t kDefault = 0, kIgnore = 1;
  enum Flag : std::uint64_t {
    kNoChildStop = 1,
    kNoChildWait = 2,
    kSigInfo = 4,
    kRestorer = 0x0400'0000,
    kOnStack = 0x0800'0000,
    kRestart = 0x1000'0000,
    kNoDefer = 0x4000'0000,
    kResetHandler = 0x8000'0000,
    kAllFlags = kNoChildStop | kNoChildWait | kSigInfo | kRestorer | kOnStack | kRestart | kNoDefer | kResetHandler,
  };
};

// The table of dispositions; shared by the threads of a process and by clone(CLONE_SIGHAND).
class SignalHandlers final : public RefCounted {
 public:
  SignalAction actions[kSignalCount];  // of signal n at n - 1
  WaitQueue arrived;                   // a signal is pending for somebody of them (signalfd(2))
};

// One queued signal; allocated when it is sent.
struct QueuedSignal {
  SignalInfo info;
  SignalCharge charge;
  ListNode node;
};

struct PendingSignals {
  SignalSet set = 0;
  List<QueuedSignal, &QueuedSignal::node>
      queue;                 // in order of sending; may lack the info of a standard signal (no memory)
  std::uint32_t queued = 0;  // entries of the queue

  PendingSignals() = default;
  ~PendingSignals() { discard(~SignalSet{0}); }

  // A standard signal that is pending already is not queued twice; a real-time signal is, and so is a POSIX timer's: it
  // waits for its own to be taken. A signal is pending in any case: what lacks memory (kAgain) is its info, and for a
  // real-time signal that is pending already, this instance.
  Result<void> add(const SignalInfo& info, SignalCharge charge = {});
  // The signal is pending, and nothing more is known of it.
  void add_without_info(int signal) { set |= signal_bit(signal); }
  // Removes the earliest instance of `signal`, which is pending, and returns what is known of it.
  SignalInfo take(int signal);
  void discard(SignalSet signals);
  // A POSIX timer that goes leaves what it paid for its signal to that signal, if it is queued here: else signals of
  // timers that are made and deleted again and again would be free. False if it is not.
  bool pay_for_timer_signal(int timer, SignalCharge& charge);
  // What POSIX timers sent: execve(2) deletes them all.
  void discard_timer_signals();
};

// Linux's stack_t (sigaltstack(2)).
struct AlternateStack {
  std::uint64_t base = 0;
  std::int32_t flags = kDisable;
  std::int32_t padding = 0;
  std::uint64_t size = 0;

  static constexpr std::int32_t kOnStack = 1, kDisable = 2, kAutoDisarm = static_cast<std::int32_t>(0x8000'0000);
  // Whether this stack pointer is in it; never with kAutoDisarm, which disables the stack while a handler runs on it.
  bool holds(std::uint64_t stack_pointer) const { return !(flags & kAutoDisarm) && contains(stack_pointer); }
  bool contains(std::uint64_t stack_pointer) const { return stack_pointer > base && stack_pointer - base <= size; }
  bool usable() const { return size != 0 && !(flags & kDisable); }
};

// How an interrupted sleep goes on when no handler ran (Errno::kRestartBlock): what restart_syscall(2) calls.
struct RestartBlock {
  using Resume = Result<std::uint64_t> (*)(const RestartBlock&);
  Resume resume = nullptr;
  Deadline deadline = Deadline::never();
  std::uint64_t user_address = 0;   // nanosleep: where the remaining time goes; futex: the word
  std::uint64_t arguments[2] = {};  // futex: the expected value and flags, the bit set
};

struct TaskSignals {
  SignalSet blocked = 0;
  SignalSet saved_blocked = 0;  // to be restored after the handler that ends a sigsuspend(2) or ppoll(2)
  bool restore_blocked = false;
  SignalSet waited_for = 0;  // blocked signals that a sigtimedwait(2) in progress would accept
  PendingSignals pending;    // sent to this thread alone
  SignalInfo fault;          // a synchronous fault to be delivered; signal 0: none. Kept here: it needs no memory
  AlternateStack alternate_stack;
  RestartBlock restart;
  int parent_death_signal = 0;  // prctl(2) PR_SET_PDEATHSIG
  bool stopped = false;         // with its process, in wait_while_stopped()

  // The last exception of this thread, for the signal frame's sigcontext.
  std::uint64_t fault_vector = 0, fault_error_code = 0, fault_address = 0;
};

// setitimer(2)'s three timers; ITIMER_VIRTUAL and ITIMER_PROF count CPU time of the process.
enum : unsigned { kTimerReal = 0, kTimerVirtual = 1, kTimerProf = 2, kIntervalTimerCount = 3 };
struct IntervalTimer {
  // 0: disarmed; monotonic time or the process's CPU time. ITIMER_REAL, when it waits for its signal to be taken: when it
  // has expired.
  std::uint64_t expires_ns = 0;
  std::uint64_t interval_ns = 0;
};

class PosixTimers;  // timer_create(2): task/posix_timers.h

struct ProcessSignals {
  Ref<SignalHandlers> handlers;
  PendingSignals pending;  // sent to the process
  IntervalTimer interval_timers[kIntervalTimerCount];
  Timer real_timer;                     // in the kernel's timer queue while ITIMER_REAL is armed
  Timer cpu_timer;                      // ... for the next moment at which a CPU time timer can expire (task/timers.h)
  PosixTimers* posix_timers = nullptr;  // made by the first timer_create(2)

  WaitQueue continued;  // threads of a stopped process

  ProcessSignals() = default;
  ~ProcessSignals();
};

}  // namespace kernel::task
