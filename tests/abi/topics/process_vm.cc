// process_vm_readv(2), process_vm_writev(2): between a process and its child, in parts, and where memory is missing.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;

static char* map(std::size_t pages, int protection = PROT_READ | PROT_WRITE) {
  return static_cast<char*>(::mmap(nullptr, pages * kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void say_moved(const char* what, ssize_t moved) {
  if (moved < 0) {
    say("%s: %s\n", what, outcome(moved));
  } else {
    say("%s: %zd\n", what, moved);
  }
}

static int run() {
  char* there = map(4);
  char* here = map(4);
  std::strcpy(there + kPage - 3, "across two pages");
  ::mprotect(there + 3 * kPage, kPage, PROT_READ);
  const pid_t self = ::getpid();
  int ready[2], end[2];
  ::pipe(ready);
  ::pipe(end);
  const pid_t child = in_child([&] {
    std::strcpy(there, "of the child");
    ::write(ready[1], "x", 1);
    char byte;
    ::read(end[0], &byte, 1);
    say("the child has: %s, %s\n", there, there + 2 * kPage - 4);
    return 0;
  });
  char byte;
  ::read(ready[0], &byte, 1);

  iovec local[2] = {{here, 7}, {here + 100, 200}};
  iovec remote[3] = {{there, 13}, {nullptr, 0}, {there + kPage - 3, 17}};
  say_moved("read", ::process_vm_readv(child, local, 2, remote, 3, 0));
  say("%.7s|%s|%s\n", here, here + 100, here + 106);
  std::strcpy(here, "of the parent");
  local[0] = {here, 14};
  iovec to[2] = {{there, 3}, {there + 2 * kPage - 4, 11}};
  say_moved("write", ::process_vm_writev(child, local, 1, to, 2, 0));

  // What is missing or refused, on either side.
  char* hole = map(2);
  ::munmap(hole + kPage, kPage);
  iovec at_hole = {hole + kPage - 8, 16}, buffer = {here, 16}, nowhere = {reinterpret_cast<void*>(8), 16};
  iovec read_only = {there + 3 * kPage, 8}, kernel = {reinterpret_cast<void*>(0xffff'8000'0000'0000), 8};
  say_moved("from a hole", ::process_vm_readv(child, &buffer, 1, &at_hole, 1, 0));
  say_moved("from nowhere", ::process_vm_readv(child, &buffer, 1, &nowhere, 1, 0));
  say_moved("from the kernel", ::process_vm_readv(child, &buffer, 1, &kernel, 1, 0));
  say_moved("to a hole", ::process_vm_readv(child, &at_hole, 1, &buffer, 1, 0));
  say_moved("to nowhere", ::process_vm_readv(child, &nowhere, 1, &buffer, 1, 0));
  say_moved("write what can only be read", ::process_vm_writev(child, &buffer, 1, &read_only, 1, 0));
  say_moved("read it", ::process_vm_readv(child, &buffer, 1, &read_only, 1, 0));
  iovec parts[2] = {{there, 8}, nowhere};
  say_moved("the second part is nowhere", ::process_vm_readv(child, &buffer, 1, parts, 2, 0));

  // Arguments.
  say_moved("flags", ::process_vm_readv(child, &buffer, 1, parts, 1, 1));
  say_moved("no parts", ::process_vm_readv(child, &buffer, 0, parts, 1, 0));
  say_moved("no parts there", ::process_vm_readv(child, &buffer, 1, parts, 0, 0));
  say_moved("too many", ::process_vm_readv(child, &buffer, 1, parts, 1025, 0));
  say_moved("too many here", ::process_vm_readv(child, &buffer, 1025, parts, 1, 0));
  iovec negative = {there, ~std::size_t{0}};
  say_moved("negative", ::process_vm_readv(child, &buffer, 1, &negative, 1, 0));
  say_moved("bad parts", ::syscall(SYS_process_vm_readv, child, &buffer, 1, 8, 1, 0));
  say_moved("nobody", ::process_vm_readv(0x3fff'ffff, &buffer, 1, parts, 1, 0));
  say_moved("nobody, for nothing", ::process_vm_readv(0x3fff'ffff, &buffer, 0, parts, 1, 0));
  say_moved("process 0", ::process_vm_readv(0, &buffer, 1, parts, 1, 0));
  say_moved("itself", ::process_vm_readv(self, &buffer, 1, parts, 1, 0));
  const pid_t stranger = in_child([&] {
    if (::setresuid(65534, 65534, 65534) != 0) return 1;
    say_moved("another user", ::process_vm_readv(child, &buffer, 1, parts, 1, 0));
    return 0;
  });
  say_end("the stranger", stranger);
  ::write(end[1], "x", 1);
  say_end("the child", child);
  say_moved("when it has ended", ::process_vm_readv(child, &buffer, 1, parts, 1, 0));

  constexpr std::size_t kLarge = 64;
  char* large = map(kLarge);
  char* copy = map(kLarge);
  std::memset(large, 'l', kLarge * kPage);
  iovec all = {large, kLarge * kPage}, into = {copy, kLarge * kPage};
  say_moved("a lot", ::process_vm_readv(self, &into, 1, &all, 1, 0));
  say("the same: %d\n", std::memcmp(large, copy, kLarge * kPage) == 0);
  return 0;
}

static const Topic topic("process_vm", run);
