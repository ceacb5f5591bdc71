// The platform: WASI (preview 1), through wasi-libc. It has neither processes nor a call that makes a socket, and a
// module cannot give memory back; these say ENOSYS.
#include "tools/compare/payload/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tools/compare/payload/start.h"

namespace husk::payload {

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
    case ENOTSUP:
      return "ENOTSUP";
    case ENOTCAPABLE:
      return "ENOTCAPABLE";
    default:
      return nullptr;
  }
}

bool is_unsupported(long error) {
  return -error == ENOSYS || -error == ENOTSUP;
}

long null_call() {
  __wasi_size_t count = 0;
  __wasi_size_t size = 0;
  return __wasi_args_sizes_get(&count, &size);
}

long map_memory(size_t size, unsigned char*& memory) {
  constexpr size_t kWasmPage = 64 << 10;
  constexpr int kMemory = 0;
  const size_t pages = size / kWasmPage + (size % kWasmPage != 0);
  const size_t before = __builtin_wasm_memory_grow(kMemory, pages);
  if (before == static_cast<size_t>(-1)) return -ENOMEM;
  memory = reinterpret_cast<unsigned char*>(before * kWasmPage);
  return 0;
}

long unmap_memory(unsigned char*, size_t) {
  return -ENOSYS;
}

long create_file(const char* path) {
  const int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  return descriptor < 0 ? -errno : descriptor;
}

long close_file(int descriptor) {
  return close(descriptor) < 0 ? -errno : 0;
}

long remove_file(const char* path) {
  return unlink(path) < 0 ? -errno : 0;
}

long rewind_file(int descriptor) {
  return lseek(descriptor, 0, SEEK_SET) < 0 ? -errno : 0;
}

long file_size(const char* path, uint64_t& size) {
  struct stat status = {};
  if (stat(path, &status) < 0) return -errno;
  size = static_cast<uint64_t>(status.st_size);
  return 0;
}

long fork_process() {
  return -ENOSYS;
}

long execute_self(const char* const*) {
  return -ENOSYS;
}

long wait_for(long) {
  return -ENOSYS;
}

long make_pipe(int (&)[2]) {
  return -ENOSYS;
}

long stay_on_this_processor() {
  return 0;
}

long map_shared_memory(size_t, unsigned char*&) {
  return -ENOSYS;
}

long wait_on_word(const uint32_t&, uint32_t) {
  return -ENOSYS;
}

long wake_word(const uint32_t&) {
  return -ENOSYS;
}

long make_event_counter() {
  return -ENOSYS;
}

long make_epoll() {
  return -ENOSYS;
}

long watch_file(int, int) {
  return -ENOSYS;
}

long wait_for_file(int) {
  return -ENOSYS;
}

long make_socket_pair(int (&)[2]) {
  return -ENOSYS;
}

long library_clock(const char* const*, LibraryClock& clock) {
  clock = {[](int, Moment* moment) {
             read_clock(*moment);
             return 0;
           },
           0};
  return 0;
}

long connect_to_self(int (&)[2], const char*& step) {
  step = "socket";
  return -ENOSYS;
}

}  // namespace husk::payload

int main(int count, char** arguments) {
  husk::payload::start(count, arguments);
}
