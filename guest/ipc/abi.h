// Numbers and structures of Linux's System V IPC on x86-64, as payloads see them: include/uapi/linux/{ipc,shm,sem,msg}.h,
// include/uapi/asm-generic/{ipcbuf,shmbuf,msgbuf}.h and, for the one that differs, arch/x86/include/uapi/asm/sembuf.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel::ipc {

inline constexpr int kPrivateKey = 0;

// Flags of the *get calls, with the permissions in the low nine bits; kNoWait is for operations.
inline constexpr int kCreate = 01000;
inline constexpr int kExclusive = 02000;
inline constexpr int kNoWait = 04000;
inline constexpr std::uint32_t kPermissionBits = 0777;

// What an operation asks of an object's mode, for all three classes of users at once.
inline constexpr int kAskRead = 0444;
inline constexpr int kAskWrite = 0222;
inline constexpr int kAskExecute = 0111;

// Commands of the *ctl calls.
enum Command : int {
  kRemove = 0,
  kSet = 1,
  kStat = 2,
  kLimits = 3,  // IPC_INFO
  kMessageStat = 11,
  kMessageUsage = 12,
  kMessageStatAny = 13,
  kSharedLock = 11,
  kSharedUnlock = 12,
  kSharedStat = 13,
  kSharedUsage = 14,
  kSharedStatAny = 15,
  kSemaphoreGetPid = 11,
  kSemaphoreGetValue = 12,
  kSemaphoreGetAll = 13,
  kSemaphoreCountIncrease = 14,  // GETNCNT
  kSemaphoreCountZero = 15,      // GETZCNT
  kSemaphoreSetValue = 16,
  kSemaphoreSetAll = 17,
  kSemaphoreStat = 18,
  kSemaphoreUsage = 19,
  kSemaphoreStatAny = 20,
};

// Flags of shmat(2) and shmget(2), and of the mode that shmctl(2) shows.
inline constexpr int kAttachReadOnly = 010000;
inline constexpr int kAttachRound = 020000;
inline constexpr int kAttachReplace = 040000;  // SHM_REMAP
inline constexpr int kAttachExecute = 0100000;
inline constexpr int kSharedHugePages = 04000;
inline constexpr int kSharedNoReserve = 010000;
inline constexpr std::uint32_t kModeDestroyed = 01000;  // SHM_DEST: goes with its last mapping
inline constexpr std::uint32_t kModeLocked = 02000;

// Flags of semop(2) and msgrcv(2).
inline constexpr int kUndo = 0x1000;
inline constexpr int kNoError = 010000;
inline constexpr int kExcept = 020000;
inline constexpr int kCopy = 040000;

inline constexpr int kSemaphoreMaximum = 32767;   // SEMVMX
inline constexpr int kAdjustmentMaximum = 32767;  // SEMAEM

struct PermissionRecord {  // struct ipc64_perm
  std::int32_t key;
  std::uint32_t uid, gid, cuid, cgid, mode;
  std::uint16_t sequence, padding;
  std::uint32_t padding2;
  std::uint64_t unused[2];
};
static_assert(sizeof(PermissionRecord) == 48);

struct SharedRecord {  // struct shmid64_ds
  PermissionRecord permission;
  std::uint64_t size;
  std::int64_t attached, detached, changed;  // times
  std::int32_t creator, last;                // process ids
  std::uint64_t attachments;
  std::uint64_t unused[2];
};
static_assert(sizeof(SharedRecord) == 112);

struct SharedLimits {  // struct shminfo64
  std::uint64_t largest, smallest, segments, segments_per_process, all_pages;
  std::uint64_t unused[4];
};
static_assert(sizeof(SharedLimits) == 72);

struct SharedUsage {  // struct shm_info
  std::int32_t segments, padding;
  std::uint64_t pages, resident, swapped, swap_attempts, swap_successes;
};
static_assert(sizeof(SharedUsage) == 48);

struct SemaphoreRecord {  // struct semid64_ds
  PermissionRecord permission;
  std::int64_t operated;
  std::uint64_t unused1;
  std::int64_t changed;
  std::uint64_t unused2;
  std::uint64_t count;
  std::uint64_t unused3[2];
};
static_assert(sizeof(SemaphoreRecord) == 104);

struct SemaphoreInformation {  // struct seminfo
  std::int32_t map, sets, semaphores, undo_structures, per_set, operations, undo_entries, undo_size, largest,
      adjustment;
};
static_assert(sizeof(SemaphoreInformation) == 40);

struct SemaphoreOperation {  // struct sembuf
  std::uint16_t number;
  std::int16_t change;
  std::int16_t flags;
};
static_assert(sizeof(SemaphoreOperation) == 6);

struct QueueRecord {  // struct msqid64_ds
  PermissionRecord permission;
  std::int64_t sent, received, changed;  // times
  std::uint64_t bytes, messages, largest_bytes;
  std::int32_t last_sender, last_receiver;
  std::uint64_t unused[2];
};
static_assert(sizeof(QueueRecord) == 120);

struct QueueInformation {  // struct msginfo
  std::int32_t pool, map, largest_message, largest_queue, queues, segment_size, all_messages;
  std::uint16_t segments, padding;
};
static_assert(sizeof(QueueInformation) == 32);

}  // namespace kernel::ipc
