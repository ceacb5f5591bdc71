// The limits of System V IPC that /proc/sys/kernel shows, and lets root change: Linux's defaults (include/uapi/linux/
// {shm,sem,msg}.h).
#pragma once

#include <cstdint>

namespace kernel::ipc {

inline constexpr int kMostObjects = 32768;  // IPCMNI: of one kind, as many as an id can tell apart

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
};

inline constinit Limits limits;

}  // namespace kernel::ipc
