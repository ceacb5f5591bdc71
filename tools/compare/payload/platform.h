// What the payload asks of the system that it runs on, besides primitives.h: implemented for Linux (platform_linux.cc)
// and for WASI (platform_wasi.cc). Every function returns 0 or something positive, or a negative error number of the
// platform; what a platform has no call for at all returns its -ENOSYS, as an old kernel would.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tools/compare/payload/primitives.h"

namespace husk::payload {

inline constexpr size_t kPageSize = 4096;  // WASI has no pages that a program could see: this is its host's

// The name of an error number ("ENOSYS"), or nullptr for one that is not expected here.
const char* error_name(long error);
// Whether this error says that the platform lacks something, rather than that something has gone wrong.
bool is_unsupported(long error);

// The cheapest call into the system that there is. Linux: getppid, never answered by a vDSO. WASI: args_sizes_get, two
// numbers that the host knows already; it does not enter the host's kernel.
long null_call();

// Fresh zeroed memory without huge pages.
long map_memory(size_t size, unsigned char*& memory);
long unmap_memory(unsigned char* memory, size_t size);

// Files. create_file() fails when the file exists; its descriptor can be read and written.
long create_file(const char* path);
long close_file(int descriptor);
long remove_file(const char* path);
long rewind_file(int descriptor);
long file_size(const char* path, uint64_t& size);

// Processes. fork_process() is fork(2). execute_self() is execve(2) of this program without
// arguments; it takes those of start(), because on Linux the name of the program lies behind them.
long fork_process();
long execute_self(const char* const* arguments);
// Waits for a child of fork_process(); its wait status.
long wait_for(long process);
long make_pipe(int (&ends)[2]);
// Keeps this process and its children on the processor that it is on now; 0 also where there is no such call, since
// systems without it have one processor.
long stay_on_this_processor();

// Memory that this process and its children share.
long map_shared_memory(size_t size, unsigned char*& memory);
// Waits until the word is another one, or for less long; wakes one process that does.
long wait_on_word(const uint32_t& word, uint32_t value);
long wake_word(const uint32_t& word);

// A counter that can be read while it is not 0 (eventfd(2)); what waits for many files (epoll(7)), which is told of one file and asked
// for the first one that can be read.
long make_event_counter();
long make_epoll();
long watch_file(int epoll, int descriptor);
long wait_for_file(int epoll);

// Two ends of a pair of sockets (socketpair(2)).
long make_socket_pair(int (&ends)[2]);
// Two ends of one TCP connection over 127.0.0.1. `step` names the call that failed.
long connect_to_self(int (&ends)[2], const char*& step);

// The monotonic clock as a libc reads it: on Linux by the vDSO's function, -ENOSYS where there is none.
struct LibraryClock {
  int (*function)(int clock, Moment* moment);  // 0 or a negative error number
  int clock;
};
long library_clock(const char* const* arguments, LibraryClock& clock);

}  // namespace husk::payload
