// The limits of IPC that /proc/sys shows, and lets root change: Linux's defaults (include/uapi/linux/{shm,sem,msg}.h,
// include/linux/ipc_namespace.h).
#pragma once

#include <cstdint>

namespace kernel::ipc {

inline constexpr int kMostObjects = 32768;  // IPCMNI: of one kind, as many as an id can tell apart

inline constexpr int kMostPosixMessages = 65536;       // HARD_MSGMAX: of a queue, whoever makes it
inline constexpr int kLargestPosixMessage = 16 << 20;  // HARD_MSGSIZEMAX

struct Limits {
  std::uint64_t largest_segment = ~std::uint64_t{0} - (std::uint64_t{1} << 24);  // shmmax, bytes
  std::uint64_t all_segments = ~std::uint64_t{0} - (std::uint64_t{1} << 24);     // shmall, pages
  int segments = 4096;                                                           // shmmni
  int largest_message = 8192;                                                    // msgmax, bytes
  int largest_queue = 16384;                                                     // msgmnb, bytes
  int queues = 32000;                                                            // msgmni
  int semaphores_per_set = 32000;                                                // sem: SEMMSL
  int semaphores = 32000 * 32000;                                                // sem: SEMMNS
  int semaphore_operations = 500;                                                // sem: SEMOPM
  int semaphore_sets = 32000;                                                    // sem: SEMMNI

  // POSIX message queues: /proc/sys/fs/mqueue, mq_overview(7).
  int posix_queues = 256;                 // queues_max, for who is not privileged
  int posix_messages = 10;                // msg_max: of a queue
  int posix_message_size = 8192;          // msgsize_max
  int default_posix_messages = 10;        // msg_default
  int default_posix_message_size = 8192;  // msgsize_default
};

inline constinit Limits limits;

}  // namespace kernel::ipc
