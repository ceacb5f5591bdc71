// What a console's device says about a request (abi/husk_abi.h), as a system call's error.
#pragma once

#include "abi/husk_abi.h"
#include "lib/result.h"

namespace kernel::drivers {

constexpr Errno errno_of(husk::abi::ConsoleStatusCode code) {
  using husk::abi::ConsoleStatusCode;
  switch (code) {
    case ConsoleStatusCode::kHungUp:
      return Errno::kPipe;
    case ConsoleStatusCode::kNoSpace:
      return Errno::kNoSpc;
    case ConsoleStatusCode::kFileTooLarge:
      return Errno::kFBig;
    case ConsoleStatusCode::kBadDescriptor:
      return Errno::kBadF;
    case ConsoleStatusCode::kDirectory:
      return Errno::kIsDir;
    case ConsoleStatusCode::kOk:
    case ConsoleStatusCode::kMore:
    case ConsoleStatusCode::kReadable:
    case ConsoleStatusCode::kIoError:
      break;
  }
  return Errno::kIo;
}

}  // namespace kernel::drivers
