// What the topics about ptrace(2) share.
#pragma once

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "topic.h"

namespace abi {

// The system call itself: glibc's function makes results of PEEK requests, and takes only its own enumeration.
inline long trace(unsigned long request, pid_t pid, unsigned long address = 0, unsigned long data = 0) {
  return ::syscall(SYS_ptrace, request, pid, address, data);
}
template <typename T>
long trace(unsigned long request, pid_t pid, unsigned long address, T* data) {
  return ::syscall(SYS_ptrace, request, pid, address, data);
}

inline std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

// "stopped by SIGTRAP, event 3", "exited with 0".
inline std::string status_text(int status) {
  if (WIFEXITED(status)) return "exited with " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "killed by " + signal_name(WTERMSIG(status));
  if (WIFCONTINUED(status)) return "continued";
  std::string text = "stopped by " + signal_name(WSTOPSIG(status) & 0x7f);
  if (WSTOPSIG(status) & 0x80) text += ", a call";
  if (status >> 16 != 0) text += ", event " + std::to_string(status >> 16);
  return text;
}

// Waits for one thread, whatever it is, and says what it tells.
inline int say_wait(const char* what, pid_t pid, int options = __WALL) {
  int status = 0;
  const pid_t waited = ::waitpid(pid, &status, options);
  if (waited == pid) {
    say("%s: %s\n", what, status_text(status).c_str());
  } else {
    say("%s: %s\n", what, waited == 0 ? "nothing" : waited > 0 ? "another one" : outcome(waited));
  }
  return status;
}

inline user_regs_struct registers_of(pid_t pid) {
  user_regs_struct registers{};
  if (trace(PTRACE_GETREGS, pid, 0, &registers) != 0) say("PTRACE_GETREGS: %s\n", outcome(-1));
  return registers;
}

inline void say_info(const char* what, pid_t pid) {
  siginfo_t info{};
  if (trace(PTRACE_GETSIGINFO, pid, 0, &info) != 0) {
    say("%s: siginfo %s\n", what, outcome(-1));
    return;
  }
  say("%s: siginfo %s, code %#x, from %s\n", what, signal_name(info.si_signo).c_str(), info.si_code,
      info.si_pid == 0            ? "nobody"
      : info.si_pid == pid        ? "itself"
      : info.si_pid == ::getpid() ? "the tracer"
                                  : "somebody");
}

inline unsigned long message_of(pid_t pid) {
  unsigned long message = 0;
  if (trace(PTRACE_GETEVENTMSG, pid, 0, &message) != 0) say("PTRACE_GETEVENTMSG: %s\n", outcome(-1));
  return message;
}

// A child that is traced from its beginning and has stopped itself; then it runs `body`.
inline pid_t traced_child(const std::function<int()>& body) {
  const pid_t child = in_child([&] {
    if (trace(PTRACE_TRACEME, 0) != 0) say("PTRACE_TRACEME: %s\n", outcome(-1));
    ::syscall(SYS_tgkill, ::getpid(), ::getpid(), SIGSTOP);
    return body();
  });
  int status = 0;
  ::waitpid(child, &status, __WALL);
  if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) say("it did not stop: %s\n", status_text(status).c_str());
  return child;
}

// A child that is not traced, and waits for signals.
inline pid_t pausing_child() {
  const pid_t child = in_child([]() -> int {
    for (;;) ::pause();
  });
  await_asleep(child);
  return child;
}

inline void kill_and_reap(pid_t child) {
  ::kill(child, SIGKILL);
  for (int status = 0; ::waitpid(child, &status, __WALL) == child && WIFSTOPPED(status);) trace(PTRACE_CONT, child);
}

// A line of /proc/PID/status.
inline std::string status_line(pid_t pid, const char* name) {
  char path[64], line[256];
  std::snprintf(path, sizeof path, "/proc/%d/status", pid);
  std::FILE* file = std::fopen(path, "r");
  std::string found = "none";
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) != 0 || line[std::strlen(name)] != ':') continue;
    found = line + std::strlen(name) + 1;
    found = found.substr(found.find_first_not_of(" \t"));
    found.resize(found.find_last_not_of('\n') + 1);
  }
  if (file != nullptr) std::fclose(file);
  return found;
}

inline std::string tracer_of(pid_t pid) {
  const std::string tracer = status_line(pid, "TracerPid");
  return tracer == std::to_string(::getpid()) ? "this one" : tracer == "0" ? "nobody" : "somebody";
}

}  // namespace abi
