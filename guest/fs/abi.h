// Numbers and structures of Linux's file system calls on x86-64 (include/uapi/asm-generic/{fcntl,stat,poll}.h,
// include/uapi/linux/{stat,fcntl,fs}.h), as payloads see them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/time.h"

namespace kernel::fs {

// open(2) flags.
inline constexpr std::uint32_t kAccessMode = 03;
inline constexpr std::uint32_t kReadOnly = 00;
inline constexpr std::uint32_t kWriteOnly = 01;
inline constexpr std::uint32_t kReadWrite = 02;
inline constexpr std::uint32_t kCreate = 0100;
inline constexpr std::uint32_t kExclusive = 0200;
inline constexpr std::uint32_t kNoCtty = 0400;
inline constexpr std::uint32_t kTruncate = 01000;
inline constexpr std::uint32_t kAppend = 02000;
inline constexpr std::uint32_t kNonBlock = 04000;
inline constexpr std::uint32_t kDsync = 010000;
inline constexpr std::uint32_t kAsync = 020000;
inline constexpr std::uint32_t kDirect = 040000;
inline constexpr std::uint32_t kLargeFile = 0100000;
inline constexpr std::uint32_t kDirectoryOnly = 0200000;  // O_DIRECTORY
inline constexpr std::uint32_t kNoFollow = 0400000;
inline constexpr std::uint32_t kNoAtime = 01000000;
inline constexpr std::uint32_t kCloseOnExec = 02000000;
inline constexpr std::uint32_t kSync = 04010000;
inline constexpr std::uint32_t kPathOnly = 010000000;                    // O_PATH
inline constexpr std::uint32_t kTemporary = 020000000 | kDirectoryOnly;  // O_TMPFILE

// *at(2) calls.
inline constexpr int kAtFdCwd = -100;
inline constexpr std::uint32_t kAtSymlinkNoFollow = 0x100;
inline constexpr std::uint32_t kAtEaccess = 0x200;
inline constexpr std::uint32_t kAtRemoveDir = 0x200;
inline constexpr std::uint32_t kAtSymlinkFollow = 0x400;
inline constexpr std::uint32_t kAtNoAutomount = 0x800;
inline constexpr std::uint32_t kAtEmptyPath = 0x1000;
inline constexpr std::uint32_t kAtStatxSyncType = 0x6000;

// st_mode: inode(7). The type is in bits 15:12.
inline constexpr std::uint32_t kModeType = 0170000;
inline constexpr std::uint32_t kModePermissions = 07777;
inline constexpr std::uint32_t kModeSetUid = 04000;
inline constexpr std::uint32_t kModeSetGid = 02000;
inline constexpr std::uint32_t kModeSticky = 01000;

// st_mode >> 12, and d_type of getdents64(2).
enum class FileType : std::uint8_t {
  kNone = 0,  // of an object that is only a descriptor: eventfd(2) and the like
  kFifo = 1,
  kCharDevice = 2,
  kDirectory = 4,
  kBlockDevice = 6,
  kRegular = 8,
  kSymlink = 10,
  kSocket = 12,
};
constexpr std::uint32_t mode_of(FileType type, std::uint32_t permissions) {
  return static_cast<std::uint32_t>(type) << 12 | permissions;
}

// lseek(2).
enum : int { kSeekSet = 0, kSeekCur = 1, kSeekEnd = 2, kSeekData = 3, kSeekHole = 4 };

// Device numbers as user space sees them (glibc's makedev; the kernel's new_encode_dev for 32 bits).
constexpr std::uint64_t make_device(std::uint32_t major, std::uint32_t minor) {
  return (std::uint64_t{major} & 0xfff) << 8 | (minor & 0xff) | (std::uint64_t{minor} & 0xfff00) << 12;
}
constexpr std::uint32_t device_major(std::uint64_t device) {
  return (device >> 8) & 0xfff;
}
constexpr std::uint32_t device_minor(std::uint64_t device) {
  return (device & 0xff) | ((device >> 12) & 0xfff00);
}

// poll(2) events.
inline constexpr std::uint32_t kPollIn = 0x001;
inline constexpr std::uint32_t kPollPri = 0x002;
inline constexpr std::uint32_t kPollOut = 0x004;
inline constexpr std::uint32_t kPollErr = 0x008;
inline constexpr std::uint32_t kPollHup = 0x010;
inline constexpr std::uint32_t kPollNval = 0x020;
inline constexpr std::uint32_t kPollReadNormal = 0x040;
inline constexpr std::uint32_t kPollReadBand = 0x080;
inline constexpr std::uint32_t kPollWriteNormal = 0x100;
inline constexpr std::uint32_t kPollWriteBand = 0x200;
inline constexpr std::uint32_t kPollMessage = 0x400;
inline constexpr std::uint32_t kPollReadHup = 0x2000;  // POLLRDHUP
inline constexpr std::uint32_t kPollReadable = kPollIn | kPollReadNormal;
inline constexpr std::uint32_t kPollWritable = kPollOut | kPollWriteNormal;

inline constexpr std::size_t kPathMax = 4096;  // with the NUL
inline constexpr std::size_t kNameMax = 255;
inline constexpr unsigned kSymlinkMax = 40;
// MAX_RW_COUNT: no transfer moves more.
inline constexpr std::size_t kTransferMax = 0x7ffff000;

}  // namespace kernel::fs
