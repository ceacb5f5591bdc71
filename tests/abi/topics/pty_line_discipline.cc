// What is typed at a pseudo-terminal, what is read from it and what is echoed, byte by byte, under many settings; and what
// becomes of what is written to it.
#include <csignal>
#include <string>
#include <vector>

#include "../pty.h"

using namespace abi;

namespace {

constexpr tcflag_t kUsualLocal = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;

struct Input {
  const char* name;
  tcflag_t input, output, local;
  std::string text;
};

const Input kInputs[] = {
    {"a line", ICRNL | IXON, OPOST | ONLCR, kUsualLocal, "hello\rworld\n"},
    {"erase", ICRNL, OPOST | ONLCR, kUsualLocal, "abc\x7f\x7fx\n\x7f\n"},
    {"erase a control character", ICRNL, OPOST | ONLCR, kUsualLocal, "a\x01\x7f\x7f\n"},
    {"erase tabs", ICRNL, OPOST | ONLCR, kUsualLocal,
     "ab\t\x7f"
     "c\t\t\x7f\x7f\n"},
    {"erase tabs after output", ICRNL, OPOST | ONLCR | TAB3, kUsualLocal, "ab\tc\td\x7f\x7f\x7f\n"},
    {"erase without ECHOE", ICRNL, OPOST | ONLCR, ISIG | ICANON | ECHO, "abc\x7f\x7fx\n"},
    {"erase with ECHOPRT", ICRNL, OPOST | ONLCR, kUsualLocal | ECHOPRT, "abc\x7f\x7fx\x7f\x7f\n"},
    {"kill", ICRNL, OPOST | ONLCR, kUsualLocal, "rubbish\x15good\n"},
    {"kill without ECHOKE", ICRNL, OPOST | ONLCR, kUsualLocal & ~ECHOKE, "rubbish\x15good\n"},
    {"kill without ECHOK", ICRNL, OPOST | ONLCR, kUsualLocal & ~(ECHOKE | ECHOK), "rubbish\x15good\n"},
    {"kill without ECHO", ICRNL, OPOST | ONLCR, kUsualLocal & ~ECHO, "rubbish\x15good\n"},
    {"word erase", ICRNL, OPOST | ONLCR, kUsualLocal, "one two_3  \x17three, four\x17\n"},
    {"word erase without IEXTEN", ICRNL, OPOST | ONLCR, kUsualLocal & ~IEXTEN, "one two\x17\n"},
    {"UTF-8", ICRNL | IUTF8, OPOST | ONLCR, kUsualLocal,
     "a\xc3\xa4\xe2\x82\xac\x7f\x7f"
     "b\xc3\xa4\x17\n"},
    {"UTF-8 unknown", ICRNL, OPOST | ONLCR, kUsualLocal,
     "a\xc3\xa4\x7f"
     "b\n"},
    {"reprint", ICRNL, OPOST | ONLCR, kUsualLocal,
     "abc\x12"
     "def\n"},
    {"literal next", ICRNL, OPOST | ONLCR, kUsualLocal, "\x16\x03\x16\x7f\x16\n\x16\r\n"},
    {"literal next without ECHOCTL", ICRNL, OPOST | ONLCR, kUsualLocal & ~ECHOCTL, "\x16\x03\x01\n"},
    {"end of file", ICRNL, OPOST | ONLCR, kUsualLocal,
     "abc\x04\x04"
     "de\x04\n"},
    {"carriage returns as they are", 0, OPOST | ONLCR, kUsualLocal, "a\rb\n"},
    {"IGNCR", IGNCR | ICRNL, OPOST | ONLCR, kUsualLocal, "a\rb\n"},
    {"INLCR", INLCR, OPOST | ONLCR, kUsualLocal, "a\nb\rc\x04"},
    {"INLCR and ICRNL", INLCR | ICRNL, OPOST | ONLCR, kUsualLocal, "a\nb\rc\n"},
    {"ISTRIP", ISTRIP | ICRNL, OPOST | ONLCR, kUsualLocal, "\xe1\xe2\x8d"},
    {"IUCLC", IUCLC | ICRNL, OPOST | ONLCR, kUsualLocal, "AbC\xc4\n"},
    {"PARMRK", PARMRK | ICRNL, OPOST | ONLCR, kUsualLocal,
     "a\xff"
     "b\n"},
    {"ECHONL alone", ICRNL, OPOST | ONLCR, ISIG | ICANON | ECHONL, "secret\n"},
    {"no echo", ICRNL, OPOST | ONLCR, ISIG | ICANON, "secret\n"},
    {"echo without ONLCR", ICRNL, OPOST, kUsualLocal, "a\nb\r"},
    {"echo without OPOST", ICRNL, ONLCR, kUsualLocal, "a\nb\t\x01\n"},
    {"echo in capitals", ICRNL, OPOST | ONLCR | OLCUC, kUsualLocal, "abc\xe4\n"},
    {"^S and ^Q", ICRNL | IXON, OPOST | ONLCR, kUsualLocal,
     "a\x13"
     "b\x11"
     "c\n"},
    {"^S and anything", ICRNL | IXON | IXANY, OPOST | ONLCR, kUsualLocal,
     "a\x13"
     "bc\n"},
    {"^S without IXON", ICRNL, OPOST | ONLCR, kUsualLocal,
     "a\x13"
     "b\n"},
    {"interrupt", ICRNL | IXON, OPOST | ONLCR, kUsualLocal,
     "abc\x03"
     "d\n"},
    {"interrupt, NOFLSH", ICRNL | IXON, OPOST | ONLCR, kUsualLocal | NOFLSH,
     "abc\x03"
     "d\x1c\x1a\n"},
    {"interrupt without ISIG", ICRNL, OPOST | ONLCR, kUsualLocal & ~ISIG,
     "abc\x03"
     "d\n"},
    {"raw", 0, 0, 0, "a\r\n\x03\x04\x7f\xff"},
    {"raw with echo", 0, OPOST | ONLCR, ECHO, "a\r\n\x03\t"},
    {"raw with echo of controls", 0, OPOST | ONLCR, ECHO | ECHOCTL, "a\r\n\x03\t"},
    {"raw with ICRNL and echo", ICRNL, OPOST | ONLCR, ECHO | ECHOCTL, "a\r\n"},
    {"raw with ISIG", IXON, OPOST, ISIG | ECHO,
     "a\x03"
     "b\x13"
     "c\x11"},
    {"EXTPROC", ICRNL | IXON, OPOST | ONLCR, kUsualLocal | EXTPROC, "a\x03\r\x7f"},
};

void set(int fd, tcflag_t input, tcflag_t output, tcflag_t local) {
  termios settings{};
  ::tcgetattr(fd, &settings);
  settings.c_iflag = input;
  settings.c_oflag = output;
  settings.c_lflag = local;
  ::tcsetattr(fd, TCSANOW, &settings);
}

void type_all() {
  for (const Input& input : kInputs) {
    const PtyPair pair = open_pty();
    set(pair.slave, input.input, input.output, input.local);
    type(pair, input.text);
    const std::string reads = all_reads(pair.slave);
    say("%s: reads%s, echo %s\n", input.name, reads.c_str(), joined(pair.master).c_str());
    close_pty(pair);
  }
}

void type_with_own_characters() {
  const PtyPair pair = open_pty();
  termios settings{};
  ::tcgetattr(pair.slave, &settings);
  settings.c_cc[VEOL] = ';';
  settings.c_cc[VEOL2] = ',';
  settings.c_cc[VERASE] = '#';
  settings.c_cc[VKILL] = 0;
  settings.c_cc[VINTR] = 'q';
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  type(pair, "one;two,thr#ee\nx\x15y\x03\n");
  const std::string reads = all_reads(pair.slave);
  say("own characters: reads%s, echo %s\n", reads.c_str(), joined(pair.master).c_str());
  settings.c_lflag &= ~IEXTEN;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  type(pair, "two,three;\n");
  const std::string more = all_reads(pair.slave);
  say("VEOL2 without IEXTEN: reads%s, echo %s\n", more.c_str(), joined(pair.master).c_str());
  close_pty(pair);
}

void read_in_pieces() {
  const PtyPair pair = open_pty();
  type(pair,
       "abcdef\nxy\x04"
       "z\n\x04");
  say("reads of 2:%s\n", all_reads(pair.slave, 2).c_str());
  say("echo %s\n", joined(pair.master).c_str());
  type(pair, "unfinished");
  say("unfinished: %s\n", one_read(pair.slave).c_str());
  set(pair.slave, ICRNL, OPOST, ISIG);
  say("not canonical any more: %s\n", one_read(pair.slave, 4).c_str());
  int waiting = 0;
  ::ioctl(pair.slave, FIONREAD, &waiting);
  set(pair.slave, ICRNL, OPOST, ISIG | ICANON);
  say("%d waiting, canonical again:%s\n", waiting, all_reads(pair.slave).c_str());
  type(pair,
       "with an end\x04"
       "and\n");
  ::usleep(1);
  (void)polled(pair.slave);
  set(pair.slave, ICRNL, OPOST, ISIG);
  say("an end of file in raw mode:%s\n", all_reads(pair.slave).c_str());
  close_pty(pair);
}

void line_limit() {
  const PtyPair pair = open_pty();
  set(pair.slave, ICRNL, OPOST, ICANON);
  for (int i = 0; i < 50; ++i) type(pair, std::string(100, static_cast<char>('a' + i % 26)));
  say("5000 characters and no end: %s\n", one_read(pair.slave).c_str());
  type(pair, "\n");
  std::string text(8192, '\0');
  const ssize_t count = ::read(pair.slave, text.data(), text.size());
  say("with one: %zd, the last ones %s\n", count, escaped(text.substr(4090, 6)).c_str());
  close_pty(pair);
}

void written(const char* name, tcflag_t flags, const std::string& text) {
  const PtyPair pair = open_pty();
  set(pair.slave, ICRNL, flags, kUsualLocal);
  const ssize_t count = ::write(pair.slave, text.data(), text.size());
  say("written with %s: %zd, %s\n", name, count, joined(pair.master).c_str());
  close_pty(pair);
}

void minimum_and_time() {
  const PtyPair pair = open_pty();
  termios settings{};
  ::tcgetattr(pair.slave, &settings);
  ::cfmakeraw(&settings);
  for (const int minimum : {0, 1, 3}) {
    for (const int time : {0, 1}) {
      settings.c_cc[VMIN] = static_cast<cc_t>(minimum);
      settings.c_cc[VTIME] = static_cast<cc_t>(time);
      ::tcsetattr(pair.slave, TCSANOW, &settings);
      ::fcntl(pair.slave, F_SETFL, O_RDWR | O_NONBLOCK);
      // Without blocking nothing is read by VTIME, which says 0 for nothing where it is 0 and EAGAIN else.
      const std::string nothing = one_read(pair.slave);
      type(pair, "ab");
      while (true) {
        int waiting = 0;
        ::ioctl(pair.slave, FIONREAD, &waiting);
        if (waiting == 2) break;
      }
      const int events = polled(pair.slave, POLLIN);
      const std::string some = one_read(pair.slave);
      ::fcntl(pair.slave, F_SETFL, O_RDWR);
      type(pair, "abcd");
      const std::string blocking = one_read(pair.slave, 4);
      say("MIN %d TIME %d: %s, then %s (poll %#x), blocking %s\n", minimum, time, nothing.c_str(), some.c_str(), events,
          blocking.c_str());
    }
  }
  settings.c_cc[VMIN] = 5;
  settings.c_cc[VTIME] = 1;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  type(pair, "xyz");
  say("MIN 5 TIME 1 of 3: %s\n", one_read(pair.slave).c_str());
  settings.c_cc[VMIN] = 0;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  say("MIN 0 TIME 1 of none: %s\n", one_read(pair.slave).c_str());
  settings.c_cc[VMIN] = 10;
  settings.c_cc[VTIME] = 0;
  ::tcsetattr(pair.slave, TCSANOW, &settings);
  type(pair, "xyz");
  say("MIN 10 into 3: %s\n", one_read(pair.slave, 3).c_str());
  close_pty(pair);
}

int run() {
  ::signal(SIGINT, SIG_IGN);
  type_all();
  type_with_own_characters();
  read_in_pieces();
  line_limit();
  const std::string text =
      "a\tb\n\rc\r\n\tdd\b\t\x01"
      "e\xc3\xa4\t.\n";
  written("nothing", 0, text);
  written("OPOST", OPOST, text);
  written("ONLCR", OPOST | ONLCR, text);
  written("OCRNL", OPOST | OCRNL, text);
  written("ONOCR", OPOST | ONOCR, "\r\rab\r\r\nx\r");
  written("ONLRET", OPOST | ONLRET | ONOCR, "ab\n\rcd\r");
  written("OCRNL and ONLRET", OPOST | OCRNL | ONLRET | TAB3, "ab\r\tcd\n\t");
  written("TAB3", OPOST | ONLCR | TAB3, text);
  written("OLCUC", OPOST | OLCUC, "abc\xe4\xdf\xff");
  minimum_and_time();
  return 0;
}

const Topic topic("pty_line_discipline", run);

}  // namespace
