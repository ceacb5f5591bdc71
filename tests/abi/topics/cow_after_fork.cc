// Copy on write: whoever writes first, parent, child and grandchild each keep their own memory.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPages = 64;
static constexpr std::size_t kPage = 4096;
static char data[kPages * kPage];

static unsigned sum() {
  unsigned total = 0;
  for (std::size_t i = 0; i < sizeof data; i += 64) total = total * 33 + static_cast<unsigned char>(data[i]);
  return total;
}

static int run() {
  for (std::size_t i = 0; i < sizeof data; ++i) data[i] = static_cast<char>(i / kPage);
  int to_child[2], to_parent[2];
  ::pipe(to_child);
  ::pipe(to_parent);
  char byte = 0;

  say("before: %x\n", sum());
  pid_t child = in_child([&] {
    ::read(to_child[0], &byte, 1);  // the parent writes first
    say("child after the parent's write: %x\n", sum());
    std::memset(data, 1, sizeof data / 2);
    say("child after its own write: %x\n", sum());
    say_end("grandchild", in_child([] {
              std::memset(data + sizeof data / 4, 2, sizeof data / 2);
              say("grandchild: %x\n", sum());
              return 0;
            }));
    say("child after the grandchild's write: %x\n", sum());
    ::write(to_parent[1], "x", 1);
    ::read(to_child[0], &byte, 1);
    say("child at the end: %x\n", sum());
    return 0;
  });
  std::memset(data + 8 * kPage, 3, kPage);
  say("parent after its write: %x\n", sum());
  ::write(to_child[1], "x", 1);
  ::read(to_parent[0], &byte, 1);
  say("parent after the child's write: %x\n", sum());
  data[0] = 9;
  ::write(to_child[1], "x", 1);
  say_end("child", child);
  say("parent: %x\n", sum());

  // A kernel write (read(2) into a shared page) must copy, too.
  child = in_child([&] {
    ::write(to_parent[1], "kernel", 6);
    ::read(to_parent[0], data, 6);
    say("child: [%.6s]\n", data);
    return 0;
  });
  say_end("child", child);
  say("parent: %x\n", sum());

  // Many forks from one page: the last owner writes it in place or not, nobody can tell.
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(in_child([i] {
      data[0] = static_cast<char>(i);
      return data[0];
    }));
  }
  for (const pid_t each : children) say_end("one of eight", each);
  say("parent: %d\n", data[0]);
  return 0;
}

static const Topic topic("cow_after_fork", run);
