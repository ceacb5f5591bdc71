#include "task/random_output.h"

#include <algorithm>

#include "lib/random.h"
#include "lib/string.h"
#include "task/scheduler.h"

namespace kernel::task {
namespace {

// Random bytes on the kernel's stack, which the next function to use that stack must not find.
struct Chunk {
  static constexpr std::size_t kSize = 256;
  std::byte bytes[kSize];
  ~Chunk() {
    memset(bytes, 0, kSize);
    asm volatile("" : : "r"(bytes) : "memory");  // the compiler may drop a memset that nobody reads; not this one
  }
};

}  // namespace

Result<std::size_t> write_random(mm::IoBuffer& buffer) {
  Chunk chunk;
  std::size_t done = 0;
  while (buffer.remaining() > 0) {
    // One call may ask for 2 GiB, which takes seconds.
    if (done > 0 && preemption_point()) break;
    const std::size_t size = std::min(Chunk::kSize, buffer.remaining());
    random_bytes({chunk.bytes, size});
    auto stored = buffer.store({chunk.bytes, size});
    if (!stored) {
      if (done > 0) break;
      return stored.error();
    }
    done += stored.value();
    if (stored.value() < size) break;
  }
  return done;
}

}  // namespace kernel::task
