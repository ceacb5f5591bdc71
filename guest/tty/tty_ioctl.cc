// ioctl_tty(2): the requests that every terminal has. What a pseudo-terminal adds is in pty_master.cc.
#include <algorithm>
#include <iterator>

#include "mm/user_ptr.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"
#include "tty/tty.h"

namespace kernel::tty {
namespace {

constexpr std::uint64_t kDone = 0;

bool is_administrator() {
  return task::current().credentials.can(task::Capability::kSysAdmin);
}

Result<std::uint64_t> give_number(std::uint64_t argument, std::uint32_t value) {
  TRY(mm::UserPtr<std::uint32_t>(argument).write(value));
  return kDone;
}

// What the bits of c_cflag stand for, in bits per second (Linux's tty_baudrate.c).
constexpr std::uint32_t kSpeeds[] = {0,       50,      75,      110,     134,     150,     200,    300,
                                     600,     1200,    1800,    2400,    4800,    9600,    19200,  38400,
                                     57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
                                     1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};
constexpr std::uint32_t kLowSpeeds = 15;

std::uint32_t speed_of(std::uint32_t code, std::uint32_t other) {
  if (code == kOtherSpeed) return other;
  if (code & kOtherSpeed) code = (code & ~kOtherSpeed) + kLowSpeeds;
  return code < std::size(kSpeeds) ? kSpeeds[code] : 0;
}

void use_speeds_of_flags(Termios2& settings) {
  const std::uint32_t output = settings.base.control_flags & kSpeedMask;
  const std::uint32_t input = settings.base.control_flags >> kInputSpeedShift & kSpeedMask;
  settings.input_speed = input == 0 ? speed_of(output, settings.output_speed) : speed_of(input, settings.input_speed);
  settings.output_speed = speed_of(output, settings.output_speed);
}

OldTermio to_old(const Termios& settings) {
  OldTermio old{};
  old.input_flags = static_cast<std::uint16_t>(settings.input_flags);
  old.output_flags = static_cast<std::uint16_t>(settings.output_flags);
  old.control_flags = static_cast<std::uint16_t>(settings.control_flags);
  old.local_flags = static_cast<std::uint16_t>(settings.local_flags);
  old.line = settings.line;
  std::copy_n(settings.characters, kOldCharacterCount, old.characters);
  return old;
}

void apply_old(const OldTermio& old, Termios& settings) {
  const auto with_low_half = [](std::uint32_t flags, std::uint16_t low) { return (flags & 0xffff0000) | low; };
  settings.input_flags = with_low_half(settings.input_flags, old.input_flags);
  settings.output_flags = with_low_half(settings.output_flags, old.output_flags);
  settings.control_flags = with_low_half(settings.control_flags, old.control_flags);
  settings.local_flags = with_low_half(settings.local_flags, old.local_flags);
  settings.line = old.line;
  std::copy_n(old.characters, kOldCharacterCount, settings.characters);
}

// What ioctl_tty(2) calls locked of the settings stays as it is: bits of the flags, whole characters.
Termios without_locked(Termios settings, const Termios& old, const Termios& locked) {
  const auto keep = [](std::uint32_t& flags, std::uint32_t before, std::uint32_t lock) {
    flags = (flags & ~lock) | (before & lock);
  };
  keep(settings.input_flags, old.input_flags, locked.input_flags);
  keep(settings.output_flags, old.output_flags, locked.output_flags);
  keep(settings.control_flags, old.control_flags, locked.control_flags);
  keep(settings.local_flags, old.local_flags, locked.local_flags);
  if (locked.line != 0) settings.line = old.line;
  for (unsigned i = 0; i < kControlCharacterCount; ++i) {
    if (locked.characters[i] != 0) settings.characters[i] = old.characters[i];
  }
  return settings;
}

}  // namespace

// Each group answers kNoTty to what is not its own.
Result<std::uint64_t> Tty::ioctl(std::uint32_t request, std::uint64_t argument, const Opening& by) {
  if (is_hung_up(by)) return request == kTiocSPgrp ? Errno::kNoTty : Errno::kIo;
  TRY(start());
  switch (request) {
    case kTcGetS:
    case kTcSetS:
    case kTcSetSW:
    case kTcSetSF:
    case kTcGetS2:
    case kTcSetS2:
    case kTcSetSW2:
    case kTcSetSF2:
    case kTcGetA:
    case kTcSetA:
    case kTcSetAW:
    case kTcSetAF:
    case kTiocGLockTermios:
    case kTiocSLockTermios:
    case kTiocGSoftCar:
    case kTiocGWinSz:
    case kTiocSWinSz:
      return settings_request(request, argument, by);
    case kTiocSCtty:
    case kTiocNotty:
    case kTiocGPgrp:
    case kTiocSPgrp:
    case kTiocGSid:
      return session_request(request, argument, by);
    default:
      return line_request(request, argument, by);
  }
}

Result<std::uint64_t> Tty::settings_request(std::uint32_t request, std::uint64_t argument, const Opening& by) {
  Termios2 settings{.base = line_.settings, .input_speed = input_speed_, .output_speed = output_speed_};
  After after = After::kNow;
  switch (request) {
    case kTcGetS:
      TRY(mm::UserPtr<Termios>(argument).write(settings.base));
      return kDone;
    case kTcGetS2:
      TRY(mm::UserPtr<Termios2>(argument).write(settings));
      return kDone;
    case kTcGetA:
      TRY(mm::UserPtr<OldTermio>(argument).write(to_old(settings.base)));
      return kDone;
    case kTiocGLockTermios:
      TRY(mm::UserPtr<Termios>(argument).write(locked_));
      return kDone;
    case kTiocSLockTermios: {
      if (!task::current().credentials.can(task::Capability::kSysAdmin)) return Errno::kPerm;
      locked_ = TRY(mm::UserPtr<const Termios>(argument).read());
      return kDone;
    }
    case kTiocGSoftCar:
      return give_number(argument, settings.base.control_flags & kLocal ? 1 : 0);
    case kTiocGWinSz:
      TRY(mm::UserPtr<WindowSizeUser>(argument).write(window_size()));
      return kDone;
    case kTiocSWinSz: {
      const WindowSizeUser size = TRY(mm::UserPtr<const WindowSizeUser>(argument).read());
      if (size == window_size()) return kDone;
      signal_foreground(task::kSigWinch);
      set_window_size(size);
      return kDone;
    }
    default:
      break;
  }
  TRY(check_foreground(by, task::kSigTtou));
  switch (request) {
    case kTcSetSF:
    case kTcSetSF2:
    case kTcSetAF:
      after = After::kOutputAndFlush;
      break;
    case kTcSetSW:
    case kTcSetSW2:
    case kTcSetAW:
      after = After::kOutput;
      break;
    default:
      break;
  }
  switch (request) {
    case kTcSetS2:
    case kTcSetSW2:
    case kTcSetSF2:
      settings = TRY(mm::UserPtr<const Termios2>(argument).read());
      break;
    case kTcSetA:
    case kTcSetAW:
    case kTcSetAF:
      apply_old(TRY(mm::UserPtr<const OldTermio>(argument).read()), settings.base);
      break;
    default:
      settings.base = TRY(mm::UserPtr<const Termios>(argument).read());
  }
  use_speeds_of_flags(settings);
  TRY(set_settings(settings, after, by));
  return kDone;
}

Result<void> Tty::set_settings(const Termios2& settings, After after, const Opening& by) {
  if (after != After::kNow) TRY(drain());
  if (is_hung_up(by)) return Errno::kIo;
  if (after == After::kOutputAndFlush) {
    line_.flush();
    input_flushed();
  }
  const Termios old = line_.settings;
  line_.settings = without_locked(settings.base, old, locked_);
  // A line that is none has always the same characters.
  line_.settings.control_flags &= ~(kCharacterSize | kParityEnabled);
  line_.settings.control_flags |= kCharacterSize | kReceiver;
  input_speed_ = settings.input_speed;
  output_speed_ = settings.output_speed;
  settings_replaced(old);
  line_.settings_changed(old, *this);
  take_input();
  changed().wake_all();  // what a waiting reader waits for may have changed
  return {};
}

Result<std::uint64_t> Tty::session_request(std::uint32_t request, std::uint64_t argument, const Opening& by) {
  task::Process& process = *task::current().process;
  switch (request) {
    case kTiocSCtty:
      TRY(take_control(argument, by));
      return kDone;
    case kTiocNotty:
      if (by.master || !controls(process)) return Errno::kNoTty;
      if (process.ids.leads_session()) {
        process.ids.session->give_up_terminal();
      } else {
        process.ids.gave_up_terminal = true;
      }
      return kDone;
    case kTiocGPgrp:
      if (!by.master && !controls(process)) return Errno::kNoTty;
      return give_number(argument, static_cast<std::uint32_t>(foreground_group()));
    case kTiocSPgrp:
      TRY(choose_foreground(argument, by));
      return kDone;
    case kTiocGSid:
      if ((!by.master && !controls(process)) || !session()) return Errno::kNoTty;
      return give_number(argument, static_cast<std::uint32_t>(session()->id()));
    default:
      return Errno::kNoTty;
  }
}

Result<void> Tty::take_control(std::uint64_t argument, const Opening& by) {
  task::Process& process = *task::current().process;
  if (process.ids.leads_session() && session() == process.ids.session.get()) return {};
  if (!process.ids.leads_session() || process.ids.terminal()) return Errno::kPerm;
  constexpr std::uint64_t kSteal = 1;
  if (session() && (argument != kSteal || !is_administrator())) return Errno::kPerm;
  // Who may only write must not get what a controlling terminal gives: to open it again for reading, through /dev/tty.
  constexpr std::uint32_t kAccessMode = 3, kWriteOnly = 1;
  if ((by.flags & kAccessMode) == kWriteOnly && !is_administrator()) return Errno::kPerm;
  if (session()) session()->lose_terminal();
  process.ids.session->acquire(Ref<task::ControllingTerminal>(this), process);
  return {};
}

Result<void> Tty::choose_foreground(std::uint64_t argument, const Opening& by) {
  const task::Process& process = *task::current().process;
  if (auto allowed = check_foreground(by, task::kSigTtou); !allowed) {
    return allowed.error() == Errno::kIo ? Errno::kNoTty : allowed.error();  // tcsetpgrp(3) knows no EIO
  }
  const std::int32_t group = TRY(mm::UserPtr<const std::int32_t>(argument).read());
  if (group < 0) return Errno::kInval;
  if (!controls(process) || session() != process.ids.session.get()) return Errno::kNoTty;
  bool exists = false;
  bool in_session = false;
  task::for_each_process([&](task::Process& other) {
    if (other.ids.group != group) return true;
    exists = true;
    in_session = other.ids.session == process.ids.session;
    return false;
  });
  if (!exists) return Errno::kSrch;
  if (!in_session) return Errno::kPerm;
  set_foreground_group(group);
  return {};
}

Result<std::uint64_t> Tty::line_request(std::uint32_t request, std::uint64_t argument, const Opening& by) {
  switch (request) {
    case kFionRead:
      take_input();
      return give_number(argument, static_cast<std::uint32_t>(line_.available()));
    case kTiocOutQ:
      return give_number(argument, 0);  // what was written is on its way already
    case kTcXOnc:
      TRY(flow(argument));
      return kDone;
    case kTcFlsh:
      TRY(flush(argument));
      return kDone;
    case kTiocSti:
      TRY(insert(argument));
      return kDone;
    case kTiocGDev:
      return give_number(argument, static_cast<std::uint32_t>(device_number()));
    case kTiocExcl:
    case kTiocNxcl:
      exclusive_ = request == kTiocExcl;
      return kDone;
    case kTiocGExcl:
      return give_number(argument, exclusive_ ? 1 : 0);
    case kTiocGetD:
      return give_number(argument, 0);  // N_TTY
    case kTiocSetD: {
      TRY(check_foreground(by, task::kSigTtou));
      const std::uint32_t discipline = TRY(mm::UserPtr<const std::uint32_t>(argument).read());
      if (discipline != 0) return Errno::kInval;
      return kDone;
    }
    case kTcSBrk:
    case kTcSBrkP:
    case kTiocSBrk:
      // tcdrain(3) is TCSBRK with an argument; a break is nothing on a line that is none.
      TRY(check_foreground(by, task::kSigTtou));
      TRY(drain());
      return kDone;
    case kTiocCBrk:
      TRY(check_foreground(by, task::kSigTtou));
      return kDone;
    case kTiocGPtPeer:
      return Errno::kIo;  // the master's
    case kTiocVHangUp:
      if (!is_administrator()) return Errno::kPerm;
      hang_up();
      return kDone;
    default:
      return Errno::kNoTty;
  }
}

// tcflow(3).
Result<void> Tty::flow(std::uint64_t argument) {
  TRY(check_foreground(task::kSigTtou));
  enum : std::uint64_t { kOutputOff = 0, kOutputOn = 1, kInputOff = 2, kInputOn = 3 };
  switch (argument) {
    case kOutputOff:
      stopped_by_call_ = true;
      stop_output();
      return {};
    case kOutputOn:
      if (!stopped_by_call_) return {};
      stopped_by_call_ = false;
      start_output();
      return {};
    case kInputOff:
    case kInputOn: {
      const char c = static_cast<char>(line_.settings.characters[argument == kInputOff ? kVStop : kVStart]);
      if (c != 0) emit({&c, 1});
      flush_echo();
      return {};
    }
    default:
      return Errno::kInval;
  }
}

// tcflush(3).
Result<void> Tty::flush(std::uint64_t argument) {
  TRY(check_foreground(task::kSigTtou));
  enum : std::uint64_t { kInput = 0, kOutput = 1, kBoth = 2 };
  if (argument > kBoth) return Errno::kInval;
  if (argument != kOutput) {
    line_.flush();
    input_flushed();
    take_input();
  }
  if (argument != kInput) output_flushed();
  return {};
}

// TIOCSTI: as if it had been typed.
Result<void> Tty::insert(std::uint64_t argument) {
  if (!controls(*task::current().process) && !is_administrator()) return Errno::kPerm;
  const std::uint8_t c = TRY(mm::UserPtr<const std::uint8_t>(argument).read());
  take_input();
  if (line_.room() != 0) line_.receive(c, *this);
  send_pending_echo();
  flush_echo();
  changed().wake_all();
  return {};
}

}  // namespace kernel::tty
