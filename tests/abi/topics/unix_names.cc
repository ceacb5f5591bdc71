// The names of Unix sockets: paths, abstract ones, automatic ones, and how they are told.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

constexpr std::size_t kHead = offsetof(sockaddr_un, sun_path);

struct Name {
  sockaddr_un address{};
  socklen_t size;
  Name(const char* bytes, std::size_t length) : size(static_cast<socklen_t>(kHead + length)) {
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, bytes, length);
  }
  explicit Name(const char* path) : Name(path, std::strlen(path) + 1) {}
  const sockaddr* plain() const { return reinterpret_cast<const sockaddr*>(&address); }
};

const char* bind_to(int fd, const Name& name) {
  return outcome(::bind(fd, name.plain(), name.size));
}
const char* connect_to(int fd, const Name& name) {
  return outcome(::connect(fd, name.plain(), name.size));
}

void show(const char* what, int fd, bool peer = false, socklen_t room = 128) {
  char bytes[160];
  std::memset(bytes, '#', sizeof bytes);
  socklen_t size = room;
  auto* address = reinterpret_cast<sockaddr*>(bytes);
  const int result = peer ? ::getpeername(fd, address, &size) : ::getsockname(fd, address, &size);
  say("%s: %s", what, outcome(result));
  if (result == 0) {
    say(" size %u '", size);
    for (socklen_t i = kHead; i < size + 1 && i < room + 1; ++i) say("%c", bytes[i] ? bytes[i] : '0');
    say("'");
  }
  say("\n");
}

int make(int type = SOCK_STREAM) {
  return ::socket(AF_UNIX, type, 0);
}

void paths() {
  const int fd = make();
  show("unnamed", fd);
  show("no peer", fd, true);
  ::umask(027);
  say("bind: %s\n", bind_to(fd, Name("path")));
  show("bound", fd);
  show("little room", fd, false, 4);
  show("none", fd, false, 0);
  struct stat status;
  say("stat: %s", outcome(::stat("path", &status)));
  say(" mode %o size %ld links %ld\n", status.st_mode, static_cast<long>(status.st_size),
      static_cast<long>(status.st_nlink));
  say("open: %s, O_PATH: %s\n", outcome(::open("path", O_RDWR)), outcome(::open("path", O_PATH)));
  const int other = make();
  say("taken: %s\n", bind_to(other, Name("path")));
  say("bound twice: %s, to a taken one: %s\n", bind_to(fd, Name("path2")), bind_to(fd, Name("path")));
  say("left behind: %s\n", outcome(::access("path2", F_OK)));
  say("nowhere: %s, no name: %s\n", bind_to(other, Name("no/where")), bind_to(other, Name("")));
  ::listen(fd, 8);
  ::rename("path", "moved");
  say("old name: %s, new: %s\n", connect_to(other, Name("path")), connect_to(other, Name("moved")));
  show("peer", other, true);
  const int third = make();
  ::symlink("moved", "link");
  ::link("moved", "hard");
  say("through a link: %s\n", connect_to(third, Name("link")));
  const int fourth = make();
  say("hard: %s\n", connect_to(fourth, Name("hard")));
  ::close(fd);
  say("stale: %s, unlinked: %s\n", connect_to(make(), Name("hard")), outcome(::unlink("moved")));
  write_file("regular", "");
  say("a file: %s, a directory: %s\n", connect_to(make(), Name("regular")), connect_to(make(), Name(".")));
  ::mknod("made", S_IFSOCK | 0777, 0);
  say("mknod: %s\n", connect_to(make(), Name("made")));
  const int mode = make();
  ::fchmod(mode, 0700);
  say("bind: %s", bind_to(mode, Name("mode")));
  ::stat("mode", &status);
  say(" mode %o\n", status.st_mode);
  ::umask(022);
  char longest[108];
  std::memset(longest, 'l', sizeof longest);
  const int whole = make();
  say("longest: %s\n", bind_to(whole, Name(longest, sizeof longest)));
  show("longest", whole);
  say("exists: %s\n", outcome(::unlink(std::string(longest, 108).c_str())));
}

void permissions() {
  const int fd = make();
  bind_to(fd, Name("guarded"));
  ::listen(fd, 8);
  ::chmod("guarded", 0755);
  ::chmod(".", 0777);
  say_end("others", in_child([&] {
            ::setuid(1000);
            say("read only: %s", connect_to(make(), Name("guarded")));
            return 0;
          }));
  ::chmod("guarded", 0722);
  say_end("others", in_child([&] {
            ::setuid(1000);
            say("write: %s", connect_to(make(), Name("guarded")));
            ::chdir("/");
            say(" bind: %s\n", bind_to(make(), Name("mine")));
            return 0;
          }));
  ::close(fd);
}

void abstract() {
  const int fd = make(), other = make(), datagram = make(SOCK_DGRAM);
  const Name zero("\0one\0two", 8), prefix("\0one", 4), empty("\0", 1);
  say("bind: %s\n", bind_to(fd, zero));
  show("abstract", fd);
  say("taken: %s, by another type: %s\n", bind_to(other, zero), bind_to(datagram, zero));
  say("prefix: %s\n", connect_to(other, prefix));
  say("not listening: %s\n", connect_to(other, zero));
  ::listen(fd, 8);
  say("connect: %s\n", connect_to(other, zero));
  show("peer", other, true);
  const int accepted = ::accept(fd, nullptr, nullptr);
  show("accepted", accepted);
  show("its peer", accepted, true);
  ::close(fd);
  const int again = make();
  say("free again: %s\n", bind_to(again, zero));
  const int one = make();
  say("one zero byte: %s\n", bind_to(one, empty));
  show("one zero byte", one);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto* plain = reinterpret_cast<const sockaddr*>(&address);
  const int bad = make();
  say("too long: %s, too short: %s", outcome(::bind(bad, plain, 111)), outcome(::bind(bad, plain, 1)));
  say(", none: %s\n", outcome(::bind(bad, plain, 0)));
  say("connect too short: %s %s, too long: %s\n", outcome(::connect(bad, plain, 1)), outcome(::connect(bad, plain, 2)),
      outcome(::connect(bad, plain, 111)));
  address.sun_family = AF_INET;
  say("family: %s %s\n", outcome(::bind(bad, plain, 8)), outcome(::connect(bad, plain, 8)));
  address.sun_family = AF_UNSPEC;
  say("no family: %s %s\n", outcome(::bind(bad, plain, 8)), outcome(::connect(bad, plain, 8)));
  say("bad address: %s\n", outcome(::bind(bad, reinterpret_cast<const sockaddr*>(16), 8)));
}

void automatic() {
  const sa_family_t family = AF_UNIX;
  const int fd = make();
  say("automatic: %s\n", outcome(::bind(fd, reinterpret_cast<const sockaddr*>(&family), sizeof family)));
  sockaddr_un address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  unsigned digits = 0;
  for (int i = 1; i < 6; ++i) digits += std::strchr("0123456789abcdef", address.sun_path[i]) != nullptr;
  say("size %u, first %d, digits %u\n", size, address.sun_path[0], digits);
  say("again: %s\n", outcome(::bind(fd, reinterpret_cast<const sockaddr*>(&family), sizeof family)));
  ::listen(fd, 1);
  const int client = make();
  const int on = 1;
  ::setsockopt(client, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  say("connect: %s\n", outcome(::connect(client, reinterpret_cast<sockaddr*>(&address), size)));
  size = sizeof address;
  ::getsockname(client, reinterpret_cast<sockaddr*>(&address), &size);
  say("by SO_PASSCRED: size %u\n", size);
}

void descriptors() {
  const int fd = make();
  char link[64], text[64] = {};
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ::readlink(link, text, sizeof text - 1);
  struct stat status;
  ::fstat(fd, &status);
  unsigned long number = 0;
  say("link: %d, the inode: %d\n", std::sscanf(text, "socket:[%lu]", &number), number == status.st_ino);
  say("open it: %s\n", outcome(::open(link, O_RDWR)));
  say("type %o\n", status.st_mode & S_IFMT);
  ::bind(fd, Name("shown").plain(), Name("shown").size);
  ::listen(fd, 1);
  FILE* list = std::fopen("/proc/net/unix", "r");
  char line[256] = {};
  if (list) std::fgets(line, sizeof line, list);
  say("%s", line);
  while (list && std::fgets(line, sizeof line, list)) {
    unsigned long inode = 0;
    unsigned references, flags, type, state;
    char path[128] = "";
    std::sscanf(line, "%*[0-9a-f]: %x 00000000 %x %x %x %lu %127s", &references, &flags, &type, &state, &inode, path);
    if (inode == status.st_ino)
      say("%s: references %u flags %x type %x state %x\n", path, references, flags, type, state);
  }
  if (list) std::fclose(list);
  const int file = ::ioctl(fd, 0x89e0, 0);
  say("SIOCUNIXFILE: %s", outcome(file));
  struct stat path;
  say(" %d\n", ::fstat(file, &path) == 0 && S_ISSOCK(path.st_mode));
  say("unnamed: %s\n", outcome(::ioctl(make(), 0x89e0, 0)));
}

int run() {
  paths();
  permissions();
  abstract();
  automatic();
  descriptors();
  return 0;
}

const Topic topic("unix_names", run);

}  // namespace
