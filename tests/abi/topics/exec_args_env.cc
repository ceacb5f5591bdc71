// execve hands over arguments and environment byte for byte; the process keeps its id.
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

static int run() {
  if (arguments[0] != nullptr) {
    for (int i = 1; arguments[i] != nullptr; ++i) {
      if (std::strlen(arguments[i]) < 100) {
        say("argument %d: [%s]\n", i, arguments[i]);
      } else {
        say("argument %d: %zu bytes\n", i, std::strlen(arguments[i]));
      }
    }
    int count = 0;
    for (char** entry = environ; *entry != nullptr; ++entry, ++count) {
      if (std::strncmp(*entry, "ABI_PID=", 8) == 0) {
        say("process id %s\n", std::atoi(*entry + 8) == ::getpid() ? "kept" : "changed");
      } else if (std::strlen(*entry) < 100) {
        say("environment %d: [%s]\n", count, *entry);
      }
    }
    say("%d entries\n", count);
    return 5;
  }
  execute("plain", {"one", "two words", "", "\xff\x01\n"}, {"A=1", "EMPTY=", "NO_EQUALS", "A=twice"});
  execute("nothing", {}, {});
  execute("long", {std::string(100'000, 'x'), std::string(30'000, 'y')}, {"LONG=" + std::string(50'000, 'z')});
  execute("too long", {std::string(200'000, 'x')}, {});  // one string may have 128 KiB
  execute("many", std::vector<std::string>(2000, "word"), {});
  return 0;
}

static const Topic topic("exec_args_env", run);
