// execve hands over arguments and environment byte for byte; the process keeps its id.
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

static void execute(const char* what, std::vector<std::string> words, std::vector<std::string> environment) {
  words.insert(words.begin(), {"abi_topics", "exec_args_env", "again"});
  say_end(what, in_child([&] {
            std::vector<char*> argv, envp;
            for (std::string& word : words) argv.push_back(word.data());
            for (std::string& entry : environment) envp.push_back(entry.data());
            argv.push_back(nullptr);
            envp.push_back(nullptr);
            const std::string id = std::to_string(::getpid());
            ::setenv("ABI_PID", id.c_str(), 1);
            std::string pid_entry = "ABI_PID=" + id;
            envp.insert(envp.begin(), pid_entry.data());
            ::execve(self_path(), argv.data(), envp.data());
            say("execve: %s\n", outcome(-1));
            return 1;
          }));
}

// A long string is said by its length, and is one character again and again, but for the name of a variable.
static void say_string(const char* string) {
  const std::size_t length = std::strlen(string);
  if (length < 100) {
    say("[%s]\n", string);
    return;
  }
  constexpr std::size_t kName = 10;  // at most
  const char last[] = {string[length - 1], '\0'};
  say("%zu bytes, intact %d\n", length, std::strspn(string + kName, last) == length - kName);
}

static int run() {
  if (arguments[0] != nullptr) {
    for (int first = 1, next = 1; arguments[first] != nullptr; first = next) {
      while (arguments[next] != nullptr && std::strcmp(arguments[next], arguments[first]) == 0) ++next;
      say("arguments %d to %d: ", first, next - 1);
      say_string(arguments[first]);
    }
    int count = 0;
    for (char** entry = environ; *entry != nullptr; ++entry, ++count) {
      if (std::strncmp(*entry, "ABI_PID=", 8) == 0) {
        say("process id %s\n", std::atoi(*entry + 8) == ::getpid() ? "kept" : "changed");
      } else {
        say("environment %d: ", count);
        say_string(*entry);
      }
    }
    say("%d entries\n", count);
    return 5;
  }
  execute("plain", {"one", "two words", "", "\xff\x01\n"}, {"A=1", "EMPTY=", "NO_EQUALS", "A=twice"});
  execute("nothing", {}, {});
  // Several pages of text, and of pointers; no more, because an emulated kernel looks at each byte several times.
  execute("long", {std::string(20'000, 'x'), std::string(5'000, 'y')}, {"LONG=" + std::string(10'000, 'z')});
  // One string may have 128 KiB, its end included. Looking for the end takes an emulated kernel many seconds, so the
  // program that is linked statically does it for both.
  if (::getauxval(AT_BASE) == 0) execute("too long", {std::string(131'072, 'x')}, {});
  execute("many", std::vector<std::string>(1'100, "word"), {});
  return 0;
}

static const Topic topic("exec_args_env", run);
