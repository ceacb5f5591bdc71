// Numbers and structures of Linux's socket calls on x86-64 (include/linux/socket.h, include/uapi/asm-generic/socket.h,
// include/uapi/linux/{un,in,in6}.h), as payloads see them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::net {

// socket(2), address families.
inline constexpr int kUnspecified = 0, kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16, kPacket = 17,
                     kFamilyCount = 46;

// socket(2), types, and the flags beside them.
inline constexpr int kStream = 1, kDatagram = 2, kRaw = 3, kSequencedPacket = 5;
inline constexpr int kTypeMask = 0xf, kTypeCount = 11;
inline constexpr int kSocketNonBlock = 04000, kSocketCloseOnExec = 02000000;

// send(2), recv(2).
enum MessageFlag : std::uint32_t {
  kOutOfBand = 0x1,
  kPeek = 0x2,
  kDontRoute = 0x4,
  kControlTruncated = 0x8,
  kTruncated = 0x20,
  kDontWait = 0x40,
  kEndOfRecord = 0x80,
  kWaitAll = 0x100,
  kConfirm = 0x800,
  kErrorQueue = 0x2000,
  kNoSignal = 0x4000,
  kMore = 0x8000,
  kWaitForOne = 0x10000,
  kCloseOnExecRights = 0x40000000,  // MSG_CMSG_CLOEXEC
};

// getsockopt(2) levels.
inline constexpr int kLevelIp = 0, kLevelSocket = 1, kLevelTcp = 6, kLevelUdp = 17, kLevelIp6 = 41, kLevelUdpLite = 136,
                     kLevelRaw = 255, kLevelNetlink = 270;

// socket(7).
enum SocketOption : int {
  kDebug = 1,
  kReuseAddress = 2,
  kType = 3,
  kError = 4,
  kOptionDontRoute = 5,
  kBroadcast = 6,
  kSendBuffer = 7,
  kReceiveBuffer = 8,
  kKeepAlive = 9,
  kOutOfBandInline = 10,
  kNoCheck = 11,
  kPriority = 12,
  kLinger = 13,
  kReusePort = 15,
  kPassCredentials = 16,
  kPeerCredentials = 17,
  kReceiveLowWater = 18,
  kSendLowWater = 19,
  kReceiveTimeout = 20,
  kSendTimeout = 21,
  kBindToDevice = 25,
  kAttachFilter = 26,
  kDetachFilter = 27,
  kPeerName = 28,
  kTimestamp = 29,
  kAcceptsConnections = 30,
  kPeerSecurity = 31,
  kSendBufferForce = 32,
  kReceiveBufferForce = 33,
  kPassSecurity = 34,
  kTimestampNs = 35,
  kMark = 36,
  kTimestamping = 37,
  kProtocol = 38,
  kDomain = 39,
  kReceiveQueueOverflow = 40,
  kPeekOffset = 42,
  kLockFilter = 44,
  kIncomingCpu = 49,
  kAttachBpf = 50,
  kPeerGroups = 59,
  kZeroCopy = 60,
  kCookie = 57,
  kPassPidDescriptor = 76,
  kPeerPidDescriptor = 77,
};

// Control messages of level SOL_SOCKET (cmsg(3), unix(7)).
enum ControlType : int { kRights = 1, kCredentials = 2, kSecurity = 3, kPidDescriptor = 4 };

// shutdown(2).
enum ShutdownHow : int { kShutReceive = 0, kShutSend = 1, kShutBoth = 2 };

// Linux's struct ucred.
struct UserCredentials {
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// Linux's struct linger.
struct UserLinger {
  std::int32_t on = 0;
  std::int32_t seconds = 0;
};

// Linux's struct user_msghdr and mmsghdr.
struct UserMessage {
  std::uint64_t name;
  std::int32_t name_size;
  std::uint32_t padding;
  std::uint64_t parts;  // struct iovec[]
  std::uint64_t part_count;
  std::uint64_t control;
  std::uint64_t control_size;
  std::uint32_t flags;
  std::uint32_t padding2;
};
static_assert(sizeof(UserMessage) == 56);
struct UserManyMessage {
  UserMessage header;
  std::uint32_t length;
  std::uint32_t padding;
};
static_assert(sizeof(UserManyMessage) == 64);

// Linux's struct cmsghdr; the data follows, and the next header at a multiple of eight bytes.
struct UserControlHeader {
  std::uint64_t length;  // with the header
  std::int32_t level;
  std::int32_t type;
};
constexpr std::size_t control_aligned(std::size_t size) {
  return (size + 7) & ~std::size_t{7};
}

// struct sockaddr_un, sockaddr_in, sockaddr_in6. Port and addresses in network order.
inline constexpr std::size_t kUnixPathMax = 108;
struct UserUnixAddress {
  std::uint16_t family = kUnix;
  char path[kUnixPathMax] = {};
};
struct UserInetAddress {
  std::uint16_t family = kInet;
  std::uint16_t port = 0;
  std::uint32_t address = 0;
  std::uint8_t padding[8] = {};
};
struct UserInet6Address {
  std::uint16_t family = kInet6;
  std::uint16_t port = 0;
  std::uint32_t flow = 0;
  std::uint8_t address[16] = {};
  std::uint32_t scope = 0;
};
static_assert(sizeof(UserUnixAddress) == 110 && sizeof(UserInetAddress) == 16 && sizeof(UserInet6Address) == 28);

}  // namespace kernel::net
