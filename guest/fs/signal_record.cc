#include "fs/signal_record.h"

#include "task/signal.h"

namespace kernel::fs {

namespace {

// Which member of a siginfo_t's union is in use.
enum class Layout : std::uint8_t { kSender, kTimer, kPoll, kFault, kMemoryFault, kChild, kValue, kCall };

// The highest code that a signal has of its own (asm-generic/siginfo.h: NSIGILL, ...); 0 if it has none.
int most_own_codes(int signal) {
  switch (signal) {
    case task::kSigIll:
      return 11;
    case task::kSigFpe:
      return 15;
    case task::kSigSegv:
      return 10;
    case task::kSigBus:
      return 5;
    case task::kSigTrap:
    case task::kSigChld:
    case task::kSigIo:
      return 6;
    case task::kSigSys:
      return 2;
    default:
      return 0;
  }
}

Layout layout_of_own_code(int signal, int code) {
  constexpr int kMemoryErrorRequired = 4, kMemoryErrorOptional = 5;  // BUS_MCEERR_AR, BUS_MCEERR_AO
  switch (signal) {
    case task::kSigChld:
      return Layout::kChild;
    case task::kSigIo:
      return Layout::kPoll;
    case task::kSigSys:
      return Layout::kCall;
    case task::kSigBus:
      return code == kMemoryErrorRequired || code == kMemoryErrorOptional ? Layout::kMemoryFault : Layout::kFault;
    default:
      return Layout::kFault;
  }
}

// As Linux's siginfo_layout(): what a code means depends on the signal where the kernel sends it, and else on who does.
Layout layout_of(int signal, int code) {
  if (code > task::kSiUser && code < task::kSiKernel) {
    if (code <= most_own_codes(signal)) return layout_of_own_code(signal, code);
    return code <= most_own_codes(task::kSigIo) ? Layout::kPoll : Layout::kSender;
  }
  if (code == task::kSiTimer) return Layout::kTimer;
  if (code == task::kSiIo) return Layout::kPoll;
  return code < 0 ? Layout::kValue : Layout::kSender;
}

}  // namespace

SignalRecord to_record(const task::SignalInfo& info) {
  SignalRecord record{};
  record.signal = static_cast<std::uint32_t>(info.signal);
  record.error = info.error;
  record.code = info.code;
  const auto set_value = [&](std::uint64_t value) {
    record.pointer = value;
    record.integer = static_cast<std::int32_t>(value);
  };
  switch (layout_of(info.signal, info.code)) {
    case Layout::kValue:
      set_value(info.sender.value);
      [[fallthrough]];
    case Layout::kSender:
      record.pid = static_cast<std::uint32_t>(info.sender.pid);
      record.uid = info.sender.uid;
      break;
    case Layout::kTimer:
      record.timer = static_cast<std::uint32_t>(info.timer.id);
      record.overrun = static_cast<std::uint32_t>(info.timer.overrun);
      set_value(info.timer.value);
      break;
    case Layout::kPoll:
      record.band = static_cast<std::uint32_t>(info.poll.band);
      record.fd = info.poll.fd;
      break;
    case Layout::kMemoryFault:
      record.address_bits = info.memory_fault.bits;
      [[fallthrough]];
    case Layout::kFault:
      record.address = info.fault_address;
      break;
    case Layout::kChild:
      record.pid = static_cast<std::uint32_t>(info.child.pid);
      record.uid = info.child.uid;
      record.status = info.child.status;
      record.user_ticks = static_cast<std::uint64_t>(info.child.user_ticks);
      record.system_ticks = static_cast<std::uint64_t>(info.child.system_ticks);
      break;
    case Layout::kCall:
      record.call_address = info.call.address;
      record.call = info.call.number;
      record.architecture = info.call.architecture;
      break;
  }
  return record;
}

}  // namespace kernel::fs
