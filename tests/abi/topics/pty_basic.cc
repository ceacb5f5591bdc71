// Making pseudo-terminals: /dev/ptmx, devpts, names and numbers, locking, settings and their older forms, the window.
#include <asm/ioctls.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "../pty.h"

using namespace abi;

namespace {

struct Termios2 {
  tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
  cc_t c_line, c_cc[19];
  unsigned c_ispeed, c_ospeed;
};
constexpr unsigned long kGet2 = 0x802c542a, kSet2 = 0x402c542b;
struct Termio {
  unsigned short c_iflag, c_oflag, c_cflag, c_lflag;
  unsigned char c_line, c_cc[8];
};

void list() {
  std::vector<std::string> names;
  DIR* directory = ::opendir("/dev/pts");
  while (const dirent* entry = ::readdir(directory)) names.emplace_back(entry->d_name);
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  say("/dev/pts:");
  for (const std::string& name : names) say(" %s", name.c_str());
  say("\n");
}

void look_at(const char* path) {
  struct stat status {};
  if (::stat(path, &status) != 0) {
    say("%s: %s\n", path, outcome(-1));
    return;
  }
  say("%s: mode %o, owner %u:%u, inode %lu, device %u:%u, %lu links\n", path, status.st_mode, status.st_uid,
      status.st_gid, static_cast<unsigned long>(status.st_ino), major(status.st_rdev), minor(status.st_rdev),
      static_cast<unsigned long>(status.st_nlink));
}

void names_and_locks() {
  list();
  look_at("/dev/pts");
  look_at("/dev/ptmx");
  struct statfs system {};
  ::statfs("/dev/pts", &system);
  say("file system %#lx, names of %ld\n", static_cast<unsigned long>(system.f_type),
      static_cast<long>(system.f_namelen));
  const int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY);
  unsigned number = 77;
  say("master: %s, number %s", outcome(master), outcome(::ioctl(master, TIOCGPTN, &number)));
  say(" %u\n", number);
  int locked = 0;
  ::ioctl(master, TIOCGPTLCK, &locked);
  say("locked %d, opening the slave: %s\n", locked, outcome(::open("/dev/pts/0", O_RDWR | O_NOCTTY)));
  say("its peer: %s\n", outcome(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY)));
  locked = 0;
  ::ioctl(master, TIOCSPTLCK, &locked);
  look_at("/dev/pts/0");
  const int slave = ::open("/dev/pts/0", O_RDWR | O_NOCTTY);
  const int peer = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  say("slave: %s, peer: %s, %s\n", outcome(slave), outcome(peer),
      ::fcntl(peer, F_GETFD) & FD_CLOEXEC ? "closed on exec" : "kept");
  say("names: %s %s, terminals %d %d\n", ::ttyname(slave), ::ttyname(peer), ::isatty(slave), ::isatty(master));
  say("flags of the slave: %#x\n", ::fcntl(slave, F_GETFL));
  say("a slave's: TIOCGPTN %s", outcome(::ioctl(slave, TIOCGPTN, &number)));
  say(", TIOCPKT %s", outcome(::ioctl(slave, TIOCPKT, &locked)));
  say(", TIOCGPTPEER %s\n", outcome(::ioctl(slave, TIOCGPTPEER, O_RDWR)));
  unsigned device = 0;
  say("TIOCGDEV %s", outcome(::ioctl(slave, TIOCGDEV, &device)));
  say(" %#x\n", device);
  const int second = ::open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
  ::ioctl(second, TIOCGPTN, &number);
  list();
  say("the second: %u, lseek %s", number, outcome(::lseek(second, 0, SEEK_CUR)));
  say(", pread %s", outcome(::pread(second, &number, 1, 0)));
  say(", fsync %s\n", outcome(::fsync(second)));
  say("unlink %s", outcome(::unlink("/dev/pts/1")));
  say(", mkdir %s\n", outcome(::mkdir("/dev/pts/x", 0700)));
  say("chmod %s, chown %s\n", outcome(::chmod("/dev/pts/1", 0600)), outcome(::chown("/dev/pts/1", 12, 34)));
  look_at("/dev/pts/1");
  ::close(master);
  list();
  const int third = ::open("/dev/ptmx", O_RDWR | O_NOCTTY);
  ::ioctl(third, TIOCGPTN, &number);
  say("the lowest free number again: %u\n", number);
  for (const int fd : {slave, peer, second, third}) ::close(fd);
  list();
}

void say_settings(const char* what, int fd) {
  Termios2 two{};
  say("%s: %s", what, outcome(::ioctl(fd, kGet2, &two)));
  say(", flags %#o %#o %#o %#o, line %d, speeds %u %u, characters", two.c_iflag, two.c_oflag, two.c_cflag, two.c_lflag,
      two.c_line, two.c_ispeed, two.c_ospeed);
  for (const cc_t c : two.c_cc) say(" %d", c);
  say("\n");
}

void settings() {
  const PtyPair pair = open_pty();
  say_settings("at first", pair.slave);
  say_settings("through the master", pair.master);
  termios usual{};
  ::tcgetattr(pair.slave, &usual);
  ::cfsetspeed(&usual, B9600);
  usual.c_cflag &= ~(CSIZE | CREAD);
  usual.c_cflag |= CS7 | PARENB | HUPCL | CSTOPB;
  usual.c_line = 3;
  say("tcsetattr %s\n", outcome(::tcsetattr(pair.slave, TCSADRAIN, &usual)));
  say_settings("after it", pair.slave);
  Termios2 two{};
  ::ioctl(pair.slave, kGet2, &two);
  two.c_cflag = (two.c_cflag & ~(CBAUD | CIBAUD)) | 0010000;
  two.c_ispeed = 1234;
  two.c_ospeed = 54321;
  say("TCSETS2 %s\n", outcome(::ioctl(pair.master, kSet2, &two)));
  say_settings("after it", pair.slave);
  Termio old{};
  say("TCGETA %s", outcome(::ioctl(pair.slave, TCGETA, &old)));
  say(": %#o %#o %#o %#o %d %d\n", old.c_iflag, old.c_oflag, old.c_cflag, old.c_lflag, old.c_cc[0], old.c_cc[7]);
  old.c_lflag &= static_cast<unsigned short>(~ECHO);
  old.c_cc[0] = 'c';
  old.c_cflag = B300 | CS8;
  say("TCSETAW %s\n", outcome(::ioctl(pair.slave, TCSETAW, &old)));
  say_settings("after it", pair.slave);
  int number = 5;
  say("TIOCGETD %s", outcome(::ioctl(pair.slave, TIOCGETD, &number)));
  say(" %d", number);
  number = 0;
  say(", TIOCSETD %s", outcome(::ioctl(pair.slave, TIOCSETD, &number)));
  number = 999;
  say(", of another %s\n", outcome(::ioctl(pair.slave, TIOCSETD, &number)));
  say("TCGETS of nowhere %s", outcome(::ioctl(pair.slave, TCGETS, 1)));
  say(", TCSETS %s", outcome(::ioctl(pair.slave, TCSETS, 1)));
  say(", TCXONC %s", outcome(::ioctl(pair.slave, TCXONC, 9)));
  say(", TCFLSH %s", outcome(::ioctl(pair.slave, TCFLSH, 9)));
  say(", TCSBRK %s", outcome(::ioctl(pair.slave, TCSBRK, 1)));
  say(", unknown %s\n", outcome(::ioctl(pair.slave, 0x54ff, 1)));
  close_pty(pair);
}

void window() {
  const PtyPair pair = open_pty();
  winsize size{1, 2, 3, 4};
  say("window %s", outcome(::ioctl(pair.slave, TIOCGWINSZ, &size)));
  say(" %d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
  size = {24, 80, 640, 480};
  ::ioctl(pair.master, TIOCSWINSZ, &size);
  size = {};
  ::ioctl(pair.slave, TIOCGWINSZ, &size);
  say("set by the master: %d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
  close_pty(pair);
}

void counts_and_exclusion() {
  const PtyPair pair = open_pty();
  type(pair, "one\ntwo\x04three");
  (void)one_read(pair.slave, 1);
  int count = -1;
  ::ioctl(pair.slave, FIONREAD, &count);
  say("waiting for the slave: %d", count);
  ::ioctl(pair.slave, TIOCOUTQ, &count);
  say(", to go out: %d\n", count);
  ::tcflush(pair.slave, TCIFLUSH);
  say("flushed: %s\n", one_read(pair.slave).c_str());
  (void)joined(pair.master);
  type(pair, "\x13");
  (void)one_read(pair.slave);
  say("stopped: write %s, poll %#x\n", outcome(::write(pair.slave, "late", 4)), polled(pair.slave));
  say("the master has %s\n", joined(pair.master).c_str());
  type(pair, "\x11");
  (void)one_read(pair.slave);
  say("started: write %s, poll %#x\n", outcome(::write(pair.slave, "late", 4)), polled(pair.slave));
  say("the master has %s\n", joined(pair.master).c_str());
  ::tcflow(pair.slave, TCOOFF);
  say("tcflow: write %s", outcome(::write(pair.slave, "x", 1)));
  type(pair, "\x11");
  (void)one_read(pair.slave);
  say(", after ^Q %s", outcome(::write(pair.slave, "x", 1)));
  ::tcflow(pair.slave, TCOON);
  say(", after TCOON %s\n", outcome(::write(pair.slave, "x", 1)));
  (void)joined(pair.master);
  ::tcflow(pair.slave, TCIOFF);
  ::tcflow(pair.slave, TCION);
  say("TCIOFF and TCION send %s\n", joined(pair.master).c_str());
  int exclusive = 7;
  ::ioctl(pair.slave, TIOCEXCL);
  ::ioctl(pair.slave, TIOCGEXCL, &exclusive);
  const char* name = ::ptsname(pair.master);
  say("exclusive %d, for root %s", exclusive, outcome(::open(name, O_RDWR | O_NOCTTY)));
  ::chmod(name, 0666);
  const std::string path = name;
  const pid_t child = in_child([&] {
    ::setuid(1234);
    say(", for others %s\n", outcome(::open(path.c_str(), O_RDWR | O_NOCTTY)));
    return 0;
  });
  say_end("child", child);
  close_pty(pair);
}

void locked_settings() {
  const auto pair = open_pty();
  termios locks{};
  say("TIOCGLCKTRMIOS %s", outcome(::ioctl(pair.slave, TIOCGLCKTRMIOS, &locks)));
  say(" %x %x %x %x %d %d\n", locks.c_iflag, locks.c_oflag, locks.c_cflag, locks.c_lflag, locks.c_line,
      locks.c_cc[VINTR]);
  locks.c_lflag = ECHO;
  locks.c_cc[VINTR] = 1;
  say("TIOCSLCKTRMIOS %s", outcome(::ioctl(pair.slave, TIOCSLCKTRMIOS, &locks)));
  termios settings{};
  ::tcgetattr(pair.slave, &settings);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  settings.c_cc[VINTR] = 'x';
  settings.c_cc[VQUIT] = 'y';
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  ::tcgetattr(pair.slave, &settings);
  say(", then echo %d, canonical %d, interrupt %d, quit %d\n", (settings.c_lflag & ECHO) != 0,
      (settings.c_lflag & ICANON) != 0, settings.c_cc[VINTR], settings.c_cc[VQUIT]);
  const int slave = pair.slave;
  const pid_t child = in_child([&] {
    ::setuid(1234);
    say("others: %s", outcome(::ioctl(slave, TIOCGLCKTRMIOS, &locks)));
    say(", %s\n", outcome(::ioctl(slave, TIOCSLCKTRMIOS, &locks)));
    return 0;
  });
  say_end("child", child);
  close_pty(pair);
}

int run() {
  names_and_locks();
  locked_settings();
  settings();
  window();
  counts_and_exclusion();
  return 0;
}

const Topic topic("pty_basic", run);

}  // namespace
