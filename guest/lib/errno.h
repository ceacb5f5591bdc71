// Linux's error numbers (x86-64 ABI, include/uapi/asm-generic/errno*.h): what system calls return, negated, in RAX.
#pragma once

namespace kernel {

enum class Errno : int {
  kNone = 0,
  kPerm = 1,
  kNoEnt = 2,
  kSrch = 3,
  kIntr = 4,
  kIo = 5,
  kNxio = 6,
  k2Big = 7,
  kNoExec = 8,
  kBadF = 9,
  kChild = 10,
  kAgain = 11,
  kNoMem = 12,
  kAcces = 13,
  kFault = 14,
  kBusy = 16,
  kExist = 17,
  kXdev = 18,
  kNoDev = 19,
  kNotDir = 20,
  kIsDir = 21,
  kInval = 22,
  kNFile = 23,
  kMFile = 24,
  kNoTty = 25,
  kTxtBsy = 26,
  kFBig = 27,
  kNoSpc = 28,
  kSPipe = 29,
  kRoFs = 30,
  kMLink = 31,
  kPipe = 32,
  kDom = 33,
  kRange = 34,
  kDeadLk = 35,
  kNameTooLong = 36,
  kNoLck = 37,
  kNoSys = 38,
  kNotEmpty = 39,
  kLoop = 40,
  kNoData = 61,
  kTime = 62,
  kOverflow = 75,
  kNotSock = 88,
  kOpNotSupp = 95,
  kAfNoSupport = 97,
  kTimedOut = 110,
  kCanceled = 125,
  // Not part of the ABI of results: a system call that a signal interrupted and that is to be restarted when the
  // handler has SA_RESTART or there is no handler. The signal code turns it into a restart or into EINTR; no payload
  // sees it.
  kRestart = 512,
  kRestartNoHandler =
      514,  // restarted unless a handler ran, whatever its SA_RESTART says: pause(2), sigsuspend(2), ppoll(2)
  kRestartBlock = 516,  // the same, but the kernel resumes from TaskSignals::restart: sleeps that must not start afresh
};

}  // namespace kernel
