// Children that wait in a call and answer through a pipe when it returns: what the topics of message queues share.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <string>

#include "topic.h"

namespace abi {

// pipe(2)'s ends; the topic makes it.
inline int answers[2];

// Returns once the child sleeps in `body`, whose result is its answer, behind its number.
inline pid_t waiter(int number, const std::function<std::string()>& body) {
  const pid_t child = in_child([&] {
    const std::string text = std::to_string(number) + ":" + body();
    ::write(answers[1], text.c_str(), text.size() + 1);
    return 0;
  });
  await_asleep(child);
  return child;
}

// Sorted: those who are woken together run in any order.
inline void say_answers(int count) {
  std::set<std::string> all;
  for (int i = 0; i < count; ++i) {
    char text[64] = "";
    for (char* next = text; ::read(answers[0], next, 1) == 1 && *next != '\0'; ++next) continue;
    all.insert(text);
    ::waitpid(-1, nullptr, 0);
  }
  for (const std::string& text : all) say(" %s", text.c_str());
  say("\n");
}

}  // namespace abi
