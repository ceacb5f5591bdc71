// Signals whose deliveries a topic counts, one at a time blocked or pending.
#pragma once

#include <signal.h>

namespace abi {

inline volatile sig_atomic_t count;

inline void handle(int number) {
  ::signal(number, [](int) { count = count + 1; });
}

inline void mask(int how, int number) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, number);
  ::sigprocmask(how, &set, nullptr);
}

inline bool pending(int number) {
  sigset_t set;
  ::sigpending(&set);
  return ::sigismember(&set, number) == 1;
}

}  // namespace abi
