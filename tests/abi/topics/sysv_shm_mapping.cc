// shmat(2), shmdt(2): places and flags, and how many mappings a segment has after fork, execve, exit, munmap, mprotect and
// mremap.
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

constexpr std::size_t kPage = 4096;

static char* map(int id, void* address = nullptr, int flags = 0) {
  return static_cast<char*>(::shmat(id, address, flags));
}

static const char* result_of(const char* address) {
  return address == reinterpret_cast<char*>(-1) ? outcome(-1) : "ok";
}

static void count(const char* what, int id) {
  struct shmid_ds ds {};
  const int result = ::shmctl(id, IPC_STAT, &ds);
  if (result < 0) {
    say("%s: %s\n", what, outcome(result));
  } else {
    say("%s: %lu, last %s\n", what, ds.shm_nattch, ds.shm_lpid == ::getpid() ? "self" : "another");
  }
}

// A hole of so many pages.
static char* hole(std::size_t pages) {
  auto* place = static_cast<char*>(::mmap(nullptr, pages * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(place, pages * kPage);
  return place;
}

static void places() {
  const int id = ::shmget(IPC_PRIVATE, 3 * kPage - 5, 0700);
  char* place = hole(16);
  say("at an address: %s", map(id, place) == place ? "there" : "elsewhere");
  say(", taken %s", result_of(map(id, place + 2 * kPage)));
  say(", odd %s", result_of(map(id, place + 8 * kPage + 100)));
  say(", rounded %s", map(id, place + 8 * kPage + 100, SHM_RND) == place + 8 * kPage ? "there" : "elsewhere");
  say(", replaced %s", map(id, place + kPage, SHM_REMAP) == place + kPage ? "there" : "elsewhere");
  say(", replaced nothing %s", result_of(map(id, nullptr, SHM_REMAP)));
  say(", rounded to nothing %s\n", result_of(map(id, reinterpret_cast<void*>(100), SHM_RND | SHM_REMAP)));
  say("beyond the end: %s", result_of(map(id, reinterpret_cast<void*>(0x7fff'ffff'f000))));
  say(", wrapped %s", result_of(map(id, reinterpret_cast<void*>(0xffff'ffff'ffff'e000))));
  say(", no id %s", result_of(map(-1)));
  say(", unknown id %s\n", result_of(map(4711)));
  count("mappings", id);
  say("detached: odd %s", outcome(::shmdt(place + 5)));
  say(", not the start %s", outcome(::shmdt(place + 9 * kPage)));
  say(", second %s", outcome(::shmdt(place + 8 * kPage)));
  say(", what is left of the first %s", outcome(::shmdt(place)));
  say(", the last %s", outcome(::shmdt(place + kPage)));
  say(", nothing %s\n", outcome(::shmdt(place + kPage)));
  count("mappings", id);
  ::shmctl(id, IPC_RMID, nullptr);
}

static void protections() {
  const int id = ::shmget(IPC_PRIVATE, kPage, 0700);
  char* writable = map(id);
  char* readable = map(id, nullptr, SHM_RDONLY);
  char* executable = map(id, nullptr, SHM_EXEC);
  say("executable: %s\n", result_of(executable));
  std::memcpy(writable, "\xb8\x2a\x00\x00\x00\xc3", 6);  // mov $42, %eax; ret
  if (executable != reinterpret_cast<char*>(-1)) say("runs: %d\n", reinterpret_cast<int (*)()>(executable)());
  say("same bytes: %d\n", std::memcmp(writable, readable, 6));
  say("protection: read-only to writable %s", outcome(::mprotect(readable, kPage, PROT_READ | PROT_WRITE)));
  say(", writable to executable %s", outcome(::mprotect(writable, kPage, PROT_READ | PROT_EXEC)));
  say(", back %s\n", outcome(::mprotect(writable, kPage, PROT_READ | PROT_WRITE)));
  say_end("write to what is read-only", in_child([&] {
            readable[0] = 1;
            return 0;
          }));
  say("zero: %d, behind the size %d\n", writable[100], writable[kPage - 1]);
  for (char* address : {writable, readable, executable}) ::shmdt(address);
  count("left", id);
  ::shmctl(id, IPC_RMID, nullptr);
}

static void processes() {
  const int id = ::shmget(IPC_PRIVATE, 2 * kPage, 0600);
  char* memory = map(id);
  count("one", id);
  int ready[2], go[2];
  ::pipe(ready);
  ::pipe(go);
  char byte = 0;
  const pid_t child = in_child([&] {
    ::write(ready[1], &byte, 1);
    ::read(go[0], &byte, 1);
    memory[0] = 'c';
    return 0;
  });
  ::read(ready[0], &byte, 1);
  count("forked", id);
  ::write(go[1], &byte, 1);
  say_end("child", child);
  count("child ended", id);
  say("it wrote %c\n", memory[0]);
  say_end("executed", in_child([&] {
            char text[16];
            std::snprintf(text, sizeof text, "%d", id);
            const char* argv[] = {self_path(), "sysv_shm_mapping", text, nullptr};
            ::execv(argv[0], const_cast<char* const*>(argv));
            return 1;
          }));
  say_end("killed", in_child([&] {
            ::abort();
            return 1;
          }));
  count("after both", id);
  const pid_t dead = ::vfork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  count("after vfork", id);
  ::madvise(memory, 2 * kPage, MADV_DONTFORK);
  say_end("without it", in_child([&] {
            count("not inherited", id);
            return 0;
          }));
  ::shmctl(id, IPC_RMID, nullptr);
  ::shmdt(memory);
  count("removed", id);
}

static void parts() {
  const int id = ::shmget(IPC_PRIVATE, 8 * kPage, 0600);
  char* memory = map(id);
  ::munmap(memory + 3 * kPage, kPage);
  count("a hole", id);
  ::mprotect(memory + 5 * kPage, kPage, PROT_READ);
  count("another protection", id);
  ::mprotect(memory + 5 * kPage, kPage, PROT_READ | PROT_WRITE);
  count("as before", id);
  ::munmap(memory, kPage);
  count("without its first page", id);
  memory[kPage] = 'x';
  say("detached: %s\n", outcome(::shmdt(memory)));
  count("all parts", id);
  say("read: %s\n", outcome(::write(1, memory + kPage, 1)));

  memory = map(id);
  char* second = map(id);
  ::munmap(memory, 4 * kPage);
  say("first half gone: %s, the other one %s\n", outcome(::shmdt(memory)), outcome(::shmdt(second)));
  count("none", id);

  memory = map(id);
  char* place = hole(16);
  char* moved = static_cast<char*>(::mremap(memory, 8 * kPage, 8 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, place));
  count("moved", id);
  say("old place: %s, new place %s\n", outcome(::shmdt(memory)), outcome(::shmdt(moved)));
  count("none", id);

  memory = map(id);
  memory[2 * kPage] = 'm';
  moved = static_cast<char*>(::mremap(memory + 2 * kPage, 2 * kPage, 2 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, place));
  count("a part moved", id);
  say("holds %c, detached where it would begin: %s", moved[0], outcome(::shmdt(place - 2 * kPage)));
  say(", the rest %s\n", outcome(::shmdt(memory)));
  count("none", id);

  memory = map(id);
  auto* again = static_cast<char*>(::mremap(memory, 0, 4 * kPage, MREMAP_MAYMOVE));
  count("mapped again by mremap", id);
  say("%s %s\n", outcome(::shmdt(again)), outcome(::shmdt(memory)));

  memory = map(id, hole(32));
  say("shrunk: %s", ::mremap(memory, 8 * kPage, 2 * kPage, 0) == memory ? "there" : "elsewhere");
  memory[kPage] = 'y';
  say(", grown %s\n", ::mremap(memory, 2 * kPage, 12 * kPage, 0) == memory ? "there" : "elsewhere");
  count("one", id);
  say_end("behind the segment's end", in_child([&] {
            memory[9 * kPage] = 1;
            return 0;
          }));
  say("still: %c, detached %s\n", memory[kPage], outcome(::shmdt(memory)));
  count("what was longer than the segment", id);
  ::munmap(memory, 12 * kPage);
  count("none", id);

  memory = map(id);
  ::mmap(memory + kPage, 2 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  count("something else within", id);
  say("detached: %s, the other mapping is %s\n", outcome(::shmdt(memory)),
      ::msync(memory + kPage, kPage, MS_ASYNC) == 0 ? "there" : "gone");
  count("none", id);
  ::shmctl(id, IPC_RMID, nullptr);
}

static void shown() {
  const int id = ::shmget(0xabc, 5 * kPage, IPC_CREAT | 0600);
  char* memory = map(id);
  char* readable = map(id, nullptr, SHM_RDONLY);
  ::munmap(memory + kPage, kPage);
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  char line[512];
  while (std::fgets(line, sizeof line, maps)) {
    unsigned long start, end, offset, inode;
    char mode[8], device[16], name[64] = "";
    if (std::sscanf(line, "%lx-%lx %7s %lx %15s %lu %63[^\n]", &start, &end, mode, &offset, device, &inode, name) < 7)
      continue;
    if (std::strstr(name, "SYSV") == nullptr) continue;
    say("%lu pages %s offset %lx device %s inode %s name %s\n", (end - start) / kPage, mode, offset, device,
        inode == static_cast<unsigned long>(id) ? "id" : "another", name);
  }
  std::fclose(maps);
  ::shmdt(memory);
  ::shmdt(readable);
  ::shmctl(id, IPC_RMID, nullptr);
}

static int run() {
  if (arguments[0] != nullptr) {
    count("in the new program", std::atoi(arguments[0]));
    return 0;
  }
  places();
  protections();
  processes();
  parts();
  shown();
  return 0;
}

static const Topic topic("sysv_shm_mapping", run);
