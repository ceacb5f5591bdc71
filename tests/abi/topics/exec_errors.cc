// execve's errors, and that the caller survives them.
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "../topic.h"

using namespace abi;

static void execute(const char* path) {
  char* argv[] = {const_cast<char*>(path), nullptr};
  char* envp[] = {nullptr};
  say("%s: %s\n", path, outcome(::execve(path, argv, envp)));
}

static int run() {
  write_file("text", "just text\n", 0755);
  write_file("empty", "", 0755);
  write_file("no_permission", "#!/bin/sh\n", 0644);
  write_file("bad_interpreter", "#!/no/such/interpreter\n", 0755);
  write_file("truncated_elf", "\177ELF\2\1\1", 0755);
  write_file("elf_header_of_nonsense", "\177ELF\2\1\1\377\377\377\377\377\377\377\377\377\377\377\377\377\377", 0755);
  ::mkdir("directory", 0755);
  ::symlink("loop", "loop");
  ::symlink("nowhere", "dangling");
  for (const char* path : {"no_such_file", "text", "empty", "no_permission", "bad_interpreter", "truncated_elf",
                           "elf_header_of_nonsense", "directory", "loop", "dangling", "text/below", "/dev/null", ""}) {
    execute(path);
  }
  say("a name of 300 bytes: %s\n", outcome(::execl(std::string(300, 'n').c_str(), "x", nullptr)));
  say("a bad pointer: %s\n", outcome(::execve(reinterpret_cast<const char*>(8), nullptr, nullptr)));
  return 0;
}

static const Topic topic("exec_errors", run);
