// Scripts: the interpreter line, its one argument, relative paths, scripts as interpreters.
#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <string>

#include "../topic.h"

using namespace abi;

static void execute(const char* what, const char* path) {
  say_end(what, in_child([path] {
            ::execl(path, "zeroth", "first", "second", nullptr);
            say("%s\n", outcome(-1));
            return 1;
          }));
}

static int run() {
  if (arguments[0] != nullptr) {
    for (int i = 0; arguments[i] != nullptr; ++i) say("argument %d: [%s]\n", i, arguments[i]);
    say("executed: %s\n", reinterpret_cast<const char*>(::getauxval(AT_EXECFN)));
    return 0;
  }
  const std::string self = self_path();
  write_file("shell", "#!/bin/sh\necho \"$0: $# $1 $2\"\nexit 4\n", 0755);
  execute("shell script", "./shell");
  write_file("options", ("#!  " + self + " \tshebang  \nrest is not looked at\n").c_str(), 0755);
  execute("white space around the one argument", "./options");
  write_file("several", "#!/bin/echo one two  three\n", 0755);
  execute("all words are one argument", "./several");
  write_file("nested", "#!./several nested\n", 0755);
  execute("a script as interpreter", "./nested");
  write_file("endless", "#!./endless\n", 0755);
  execute("itself as interpreter", "./endless");
  write_file("no_newline", "#!/bin/echo end", 0755);
  execute("no newline", "./no_newline");
  write_file("no_interpreter", "#!\n", 0755);
  execute("empty line", "./no_interpreter");
  // The file's bytes, with what a C string cannot hold.
  const auto write_bytes = [](const char* path, const std::string& bytes) {
    const int fd = ::open(path, O_WRONLY | O_CREAT, 0755);
    ::write(fd, bytes.data(), bytes.size());
    ::close(fd);
  };
  const std::string nul(1, '\0');
  write_bytes("nul_in_argument", "#!/bin/echo one" + nul + "two\nrest");
  execute("a NUL in the argument", "./nul_in_argument");
  write_bytes("nul_after_name", "#!/bin/echo" + nul + " lost\nrest");
  execute("a NUL after the interpreter", "./nul_after_name");
  write_bytes("nul_after_space", "#!/bin/echo " + nul + "lost\nrest");
  execute("a NUL in the argument's place", "./nul_after_space");
  write_file("what_name", ("#!" + self + " shebang\n").c_str(), 0755);
  execute("the name that was executed", "./what_name");
  return 0;
}

static const Topic topic("shebang", run);
