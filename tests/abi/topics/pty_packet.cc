// A pseudo-terminal's packet mode (ioctl_tty(2), TIOCPKT): what the master is told of flushes, flow control and settings.
#include <asm/ioctls.h>

#include <string>

#include "../pty.h"

using namespace abi;

namespace {

void say_packets(const char* what, const PtyPair& pair) {
  (void)one_read(pair.slave);
  const int events = polled(pair.master);
  say("%s: poll %#x,%s\n", what, events, all_reads(pair.master).c_str());
}

int run() {
  const PtyPair pair = open_pty();
  int on = 1;
  int is = 5;
  say("TIOCPKT %s", outcome(::ioctl(pair.master, TIOCPKT, &on)));
  say(", TIOCGPKT %s", outcome(::ioctl(pair.master, TIOCGPKT, &is)));
  say(" %d\n", is);
  say_packets("nothing", pair);
  ::write(pair.slave, "data", 4);
  say_packets("data", pair);
  ::write(pair.slave, "xy", 2);
  (void)one_read(pair.slave);
  say("a read of 1: %s", one_read(pair.master, 1).c_str());
  say(", then %s\n", one_read(pair.master).c_str());
  type(pair, "\x13");
  say_packets("^S", pair);
  type(pair, "\x11");
  say_packets("^Q", pair);
  type(pair, "\x13");
  (void)one_read(pair.slave);
  type(pair, "\x11");
  say_packets("both", pair);
  ::tcflush(pair.slave, TCIFLUSH);
  say_packets("TCIFLUSH", pair);
  ::tcflush(pair.slave, TCOFLUSH);
  say_packets("TCOFLUSH", pair);
  ::tcflush(pair.slave, TCIOFLUSH);
  say_packets("TCIOFLUSH", pair);
  termios settings{};
  ::tcgetattr(pair.slave, &settings);
  settings.c_lflag &= ~ECHO;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say_packets("ECHO off", pair);
  settings.c_iflag &= ~IXON;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say_packets("IXON off", pair);
  settings.c_iflag |= IXON;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say_packets("IXON on", pair);
  settings.c_cc[VSTOP] = 'x';
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say_packets("another VSTOP", pair);
  settings.c_lflag |= EXTPROC;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say_packets("EXTPROC on", pair);
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say_packets("EXTPROC again", pair);
  settings.c_lflag &= ~EXTPROC;
  ::tcsetattr(pair.slave, TCSAFLUSH, &settings);
  say_packets("EXTPROC off", pair);
  type(pair, "\x03");
  say_packets("^C", pair);
  ::tcflow(pair.slave, TCOOFF);
  say_packets("TCOOFF", pair);
  ::tcflow(pair.slave, TCOON);
  say_packets("TCOON", pair);
  ::tcflush(pair.slave, TCIFLUSH);
  on = 0;
  ::ioctl(pair.master, TIOCPKT, &on);
  ::write(pair.slave, "plain", 5);
  say_packets("off", pair);
  on = 1;
  ::ioctl(pair.master, TIOCPKT, &on);
  say_packets("on again", pair);
  close_pty(pair);
  return 0;
}

const Topic topic("pty_packet", run);

}  // namespace
