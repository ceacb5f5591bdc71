// What an argument of a system call is: how a value for it is made (values.cc).
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzz {

enum class Kind : std::uint8_t {
  kNone,       // the call has no such argument: anything
  kNumber,     // any number, from the dictionary or random
  kSmall,      // 0..16 mostly
  kFd,         // a descriptor that may be open
  kPath,       // a string's address
  kName,       // the same, but one component
  kOut,        // memory that the kernel writes to, and so may be any address
  kIn,         // memory that the kernel reads: words of the dictionary
  kLength,     // of the buffer before
  kAddress,    // of a mapping
  kMapLength,  // of a mapping
  kOffset,     // in a file
  kOffsetIn,   // address of an offset
  kPid,
  kSignal,
  kSignalSet,
  kSetSize,
  kAction,    // struct sigaction
  kTimespec,  // also timeval, two of either, itimerval and itimerspec: 1 to 4 times
  kIovec,
  kCount,  // of iovecs, descriptors, strings
  kUid,
  kMode,
  kPollFds,
  kFutex,  // address of a word that others wait on
  kTimerId,
  kEvent,  // struct sigevent
  kSignalInfo,
  kStack,    // stack_t
  kStrings,  // argv, envp
  kLimit,    // struct rlimit
  kDevice,
  kEpollEvent,
  kSocketAddress,
  kSocketLength,  // of the address before
  kMessage,       // struct msghdr, with control messages
  kMessages,      // struct mmsghdr, several
  kSemaphoreOperations,
  kTypedMessage,  // struct msgbuf
  kIpcId,
  kQueueName,
  kQueueAttributes,
  kSchedAttributes,
  kTerminalAttributes,
  kProcessClock,    // clockid_t of somebody's CPU time
  kFilter,          // struct sock_fprog
  kNetlinkRequest,  // struct nlmsghdr with its body and attributes
  kChoice,          // one of the values that the call names
  kFlags,           // some of the bits that the call names
};

struct Argument {
  Kind kind = Kind::kNone;
  const std::uint64_t* values = nullptr;  // of kChoice and kFlags
  std::size_t count = 0;
};

enum Trait : std::uint8_t {
  kPlain = 0,
  kNotAsRoot = 1,    // would end what is measured, lawfully: root may
  kOnlyInGuest = 2,  // is not for a machine that others use
  kBlocks = 4,
};

struct Description {
  std::uint16_t number;
  const char* name;
  std::uint8_t weight;
  std::uint8_t traits;
  Argument arguments[6];
};

extern const Description* const descriptions;
extern const std::size_t description_count;
const char* call_name(std::uint64_t number);

}  // namespace fuzz
