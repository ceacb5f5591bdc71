// The platform: Linux, or husk's guest kernel, without libc.
#include "tools/compare/payload/platform.h"

#include <asm/stat.h>
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/in.h>
#include <linux/mman.h>

#include "tools/compare/payload/vdso.h"

namespace husk::payload {
namespace {

// The libc's part of socket(2): values as in the kernel's include/linux/socket.h and include/linux/net.h.
constexpr int kAfUnix = 1;
constexpr int kAfInet = 2;
constexpr int kSockStream = 1;

// One entry of the auxiliary vector: System V ABI, AMD64 supplement, 3.4.3.
struct Auxiliary {
  unsigned long type;
  unsigned long value;
};

// The stack of a new process holds the arguments, the environment, each ended by a null pointer, and the auxiliary
// vector. 0 if it has no such entry.
unsigned long auxiliary_value(const char* const* arguments, unsigned long type) {
  const char* const* word = arguments;
  while (*word++ != nullptr) {
  }
  while (*word++ != nullptr) {
  }
  for (auto entry = reinterpret_cast<const Auxiliary*>(word); entry->type != AT_NULL; ++entry) {
    if (entry->type == type) return entry->value;
  }
  return 0;
}

const char* program_name(const char* const* arguments) {
  const auto name = reinterpret_cast<const char*>(auxiliary_value(arguments, AT_EXECFN));
  return name != nullptr ? name : arguments[0];
}

}  // namespace

const char* error_name(long error) {
  switch (-error) {
    case EPERM:
      return "EPERM";
    case ENOENT:
      return "ENOENT";
    case ENOMEM:
      return "ENOMEM";
    case EACCES:
      return "EACCES";
    case ENOSPC:
      return "ENOSPC";
    case EROFS:
      return "EROFS";
    case ENOSYS:
      return "ENOSYS";
    case EPROTONOSUPPORT:
      return "EPROTONOSUPPORT";
    case EOPNOTSUPP:
      return "EOPNOTSUPP";
    case EAFNOSUPPORT:
      return "EAFNOSUPPORT";
    case EADDRNOTAVAIL:
      return "EADDRNOTAVAIL";
    case ENETUNREACH:
      return "ENETUNREACH";
    default:
      return nullptr;
  }
}

bool is_unsupported(long error) {
  switch (-error) {
    case ENOSYS:
    case EPROTONOSUPPORT:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    // A network namespace whose loopback interface is down.
    case EADDRNOTAVAIL:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

long null_call() {
  return system_call(SYS_getppid);
}

long map_memory(size_t size, unsigned char*& memory) {
  const long result =
      system_call(SYS_mmap, 0, static_cast<long>(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (result < 0 && result > -static_cast<long>(kPageSize)) return result;
  memory = reinterpret_cast<unsigned char*>(result);
  // Fails where the kernel has no huge pages: then nothing is to be done.
  system_call(SYS_madvise, result, static_cast<long>(size), MADV_NOHUGEPAGE);
  return 0;
}

long unmap_memory(unsigned char* memory, size_t size) {
  return system_call(SYS_munmap, address(memory), static_cast<long>(size));
}

long create_file(const char* path) {
  return system_call(SYS_open, address(path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

long close_file(int descriptor) {
  return system_call(SYS_close, descriptor);
}

long remove_file(const char* path) {
  return system_call(SYS_unlink, address(path));
}

long rewind_file(int descriptor) {
  constexpr int kSeekSet = 0;
  return system_call(SYS_lseek, descriptor, 0, kSeekSet);
}

long file_size(const char* path, uint64_t& size) {
  struct stat status = {};
  const long result = system_call(SYS_stat, address(path), address(&status));
  size = result < 0 ? 0 : static_cast<uint64_t>(status.st_size);
  return result;
}

long fork_process() {
  return system_call(SYS_fork);
}

long execute_self(const char* const* arguments) {
  const char* const words[] = {program_name(arguments), nullptr};
  const char* const environment[] = {nullptr};
  return system_call(SYS_execve, address(words[0]), address(words), address(environment));
}

long wait_for(long process) {
  int status = 0;
  const long result = system_call(SYS_wait4, process, address(&status), 0, 0);
  return result < 0 ? result : status;
}

long make_pipe(int (&ends)[2]) {
  return system_call(SYS_pipe2, address(ends), O_CLOEXEC);
}

long stay_on_this_processor() {
  constexpr unsigned kProcessors = 8192;  // the most that Linux can be built for on x86-64
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  unsigned processor = 0;
  const long got = system_call(SYS_getcpu, address(&processor), 0);
  if (got == -ENOSYS) return 0;
  if (got < 0) return got;
  unsigned long mask[kProcessors / kBits];
  for (unsigned long& word : mask) word = 0;
  mask[processor % kProcessors / kBits] = 1UL << processor % kBits;
  const long result = system_call(SYS_sched_setaffinity, 0, sizeof mask, address(mask));
  return result == -ENOSYS ? 0 : result;
}

long map_shared_memory(size_t size, unsigned char*& memory) {
  const long result =
      system_call(SYS_mmap, 0, static_cast<long>(size), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (result < 0 && result > -static_cast<long>(kPageSize)) return result;
  memory = reinterpret_cast<unsigned char*>(result);
  return 0;
}

long wait_on_word(const uint32_t& word, uint32_t value) {
  return system_call(SYS_futex, address(&word), FUTEX_WAIT, value, 0);
}

long wake_word(const uint32_t& word) {
  return system_call(SYS_futex, address(&word), FUTEX_WAKE, 1);
}

long make_event_counter() {
  return system_call(SYS_eventfd2, 0, O_CLOEXEC);
}

long make_epoll() {
  return system_call(SYS_epoll_create1, O_CLOEXEC);
}

long watch_file(int epoll, int descriptor) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data = static_cast<uint64_t>(descriptor);
  return system_call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, descriptor, address(&event));
}

long wait_for_file(int epoll) {
  constexpr long kForever = -1;
  epoll_event event = {};
  const long result = system_call(SYS_epoll_wait, epoll, address(&event), 1, kForever);
  return result <= 0 ? result : static_cast<long>(event.data);
}

long make_socket_pair(int (&ends)[2]) {
  return system_call(SYS_socketpair, kAfUnix, kSockStream, 0, address(ends));
}

long library_clock(const char* const* arguments, LibraryClock& clock) {
  const void* function = find_in_vdso(auxiliary_value(arguments, AT_SYSINFO_EHDR), "__vdso_clock_gettime");
  if (function == nullptr) return -ENOSYS;
  clock = {reinterpret_cast<decltype(clock.function)>(reinterpret_cast<unsigned long>(function)), CLOCK_MONOTONIC};
  return 0;
}

long connect_to_self(int (&ends)[2], const char*& step) {
  step = "socket";
  const long listener = system_call(SYS_socket, kAfInet, kSockStream, 0);
  if (listener < 0) return listener;
  step = "socket";
  const long client = system_call(SYS_socket, kAfInet, kSockStream, 0);
  if (client < 0) return client;

  sockaddr_in name = {};
  name.sin_family = kAfInet;
  name.sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK);
  unsigned size = sizeof name;
  step = "bind";
  long result = system_call(SYS_bind, listener, address(&name), size);
  if (result < 0) return result;
  step = "listen";
  if ((result = system_call(SYS_listen, listener, 1)) < 0) return result;
  step = "getsockname";
  if ((result = system_call(SYS_getsockname, listener, address(&name), address(&size))) < 0) return result;
  // A connection to a socket that listens is complete before anybody accepts it.
  step = "connect";
  if ((result = system_call(SYS_connect, client, address(&name), size)) < 0) return result;
  step = "accept";
  if ((result = system_call(SYS_accept, listener, 0, 0)) < 0) return result;
  ends[0] = static_cast<int>(client);
  ends[1] = static_cast<int>(result);
  return close_file(static_cast<int>(listener));
}

}  // namespace husk::payload
