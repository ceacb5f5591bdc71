// A System V segment that nobody has attached keeps what is in it. With an argument (tests/e2e/cases/processes.sh) memory gets
// short meanwhile: what is killed for it are processes.
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kMiB = 1 << 20;

static const Topic topic("sysv_shm_kept", [] {
  const bool is_short = arguments[0] != nullptr;
  const std::size_t size = is_short ? 24 * kMiB : kMiB;
  const int id = ::shmget(IPC_PRIVATE, size, 0600);
  say_end("who fills it", in_child([id, size] {
            auto* memory = static_cast<char*>(::shmat(id, nullptr, 0));
            std::memset(memory, 7, size);
            return 0;
          }));
  say_end("another one", in_child([is_short] {
            const std::size_t wanted = is_short ? 48 * kMiB : kMiB;
            void* memory = ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            std::memset(memory, 1, wanted);
            return 0;
          }));
  auto* memory = static_cast<char*>(::shmat(id, nullptr, SHM_RDONLY));
  bool kept = true;
  for (std::size_t i = 0; i < size; i += 4096) kept = kept && memory[i] == 7;
  say("kept: %d\n", kept);
  say("removed: %s\n", outcome(::shmctl(id, IPC_RMID, nullptr)));
  return 0;
});
