#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "tests/runc_parity/probe.h"

namespace husk::probe {
namespace {

// In the order of their numbers (linux/capability.h).
constexpr std::array kCapabilityNames = {"CHOWN",
                                         "DAC_OVERRIDE",
                                         "DAC_READ_SEARCH",
                                         "FOWNER",
                                         "FSETID",
                                         "KILL",
                                         "SETGID",
                                         "SETUID",
                                         "SETPCAP",
                                         "LINUX_IMMUTABLE",
                                         "NET_BIND_SERVICE",
                                         "NET_BROADCAST",
                                         "NET_ADMIN",
                                         "NET_RAW",
                                         "IPC_LOCK",
                                         "IPC_OWNER",
                                         "SYS_MODULE",
                                         "SYS_RAWIO",
                                         "SYS_CHROOT",
                                         "SYS_PTRACE",
                                         "SYS_PACCT",
                                         "SYS_ADMIN",
                                         "SYS_BOOT",
                                         "SYS_NICE",
                                         "SYS_RESOURCE",
                                         "SYS_TIME",
                                         "SYS_TTY_CONFIG",
                                         "MKNOD",
                                         "LEASE",
                                         "AUDIT_WRITE",
                                         "AUDIT_CONTROL",
                                         "SETFCAP",
                                         "MAC_OVERRIDE",
                                         "MAC_ADMIN",
                                         "SYSLOG",
                                         "WAKE_ALARM",
                                         "BLOCK_SUSPEND",
                                         "AUDIT_READ",
                                         "PERFMON",
                                         "BPF",
                                         "CHECKPOINT_RESTORE"};

// proc_pid_status(5), by the name before the colon.
std::map<std::string, std::string> read_status() {
  std::map<std::string, std::string> fields;
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(':');
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (colon != std::string::npos)
      fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

void capabilities(std::map<std::string, std::string>& status) {
  for (const auto& [field, set] : std::map<std::string, std::string>{{"CapInh", "inheritable"},
                                                                     {"CapPrm", "permitted"},
                                                                     {"CapEff", "effective"},
                                                                     {"CapBnd", "bounding"},
                                                                     {"CapAmb", "ambient"}}) {
    const std::uint64_t bits = std::stoull("0" + status[field], nullptr, 16);
    for (std::size_t number = 0; number < 64; ++number) {
      const bool has = (bits >> number & 1) != 0;
      if (number < kCapabilityNames.size()) {
        say("capability", set + " " + kCapabilityNames[number], has ? "yes" : "no");
      } else if (has) {
        say("capability", set + " " + std::to_string(number), "yes");
      }
    }
  }
  say("privilege", "securebits", std::to_string(prctl(PR_GET_SECUREBITS)));
  say("privilege", "no_new_privs", std::to_string(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
  say("privilege", "dumpable", std::to_string(prctl(PR_GET_DUMPABLE)));
  say("privilege", "seccomp mode", status["Seccomp"]);
  say("privilege", "setuid(12345), then capabilities", [] {
    const pid_t child = fork();
    if (child == 0) {
      const bool became = setuid(12345) == 0;
      const std::string effective = read_status()["CapEff"];
      _exit(!became ? 1 : effective.find_first_not_of('0') == std::string::npos ? 2 : 3);
    }
    int result = 0;
    waitpid(child, &result, 0);
    switch (WEXITSTATUS(result)) {
      case 1:
        return "cannot";
      case 2:
        return "none";
      default:
        return "some";
    }
  }());
}

void limits() {
  constexpr std::array kNames = {"CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
                                 "MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
  const auto text = [](rlim_t value) { return value == RLIM_INFINITY ? "unlimited" : std::to_string(value); };
  for (std::size_t index = 0; index < kNames.size(); ++index) {
    rlimit limit{};
    getrlimit(static_cast<__rlimit_resource>(index), &limit);
    say("rlimit", kNames[index], text(limit.rlim_cur) + " " + text(limit.rlim_max));
  }
  say("process", "nice", std::to_string(getpriority(PRIO_PROCESS, 0)));
  say("process", "scheduling policy", std::to_string(sched_getscheduler(0)));
  cpu_set_t processors;
  sched_getaffinity(0, sizeof processors, &processors);
  say("process", "processors", std::to_string(CPU_COUNT(&processors)));
  say("process", "oom_score_adj", first_line("/proc/self/oom_score_adj"));
  say("process", "timer slack", std::to_string(prctl(PR_GET_TIMERSLACK)));
  say("process", "personality", std::to_string(personality(0xffffffff)));
  say("process", "coredump_filter", first_line("/proc/self/coredump_filter"));
}

void identity(std::map<std::string, std::string>& status) {
  say("process", "uid", status["Uid"]);
  say("process", "gid", status["Gid"]);
  say("process", "groups", std::to_string(getgroups(0, nullptr)));
  say("process", "pid", std::to_string(getpid()));
  say("process", "parent", std::to_string(getppid()));
  say("process", "leads its session", getsid(0) == getpid() ? "yes" : "no");
  say("process", "leads its group", getpgrp() == getpid() ? "yes" : "no");
  say("process", "umask", status["Umask"]);
  say("process", "blocked signals", status["SigBlk"]);
  say("process", "ignored signals", status["SigIgn"]);
  std::array<char, PATH_MAX> text{};
  say("process", "working directory", getcwd(text.data(), text.size()) != nullptr ? text.data() : errno_name(errno));
  gethostname(text.data(), text.size());
  say("process", "host name", text.data());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const std::size_t equals = variable.find('=');
    say("environment", variable.substr(0, equals), variable.substr(equals + 1));
  }
}

void descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir("/proc/self/fd"), &closedir);
  if (!entries) return say("descriptor", "all", errno_name(errno));
  while (const dirent* entry = readdir(entries.get())) {
    const int number = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || number == dirfd(entries.get())) continue;
    struct stat file {};
    fstat(number, &file);
    say("descriptor", entry->d_name,
        S_ISFIFO(file.st_mode)  ? "pipe"
        : S_ISDIR(file.st_mode) ? "directory"
        : S_ISREG(file.st_mode) ? "file"
        : S_ISCHR(file.st_mode) ? "character device"
                                : "other");
  }
}

void namespaces(const Host& host) {
  for (const std::string& of_host : host.namespaces) {
    const std::string kind = of_host.substr(0, of_host.find(':'));
    std::array<char, 64> own{};
    if (readlink(("/proc/self/ns/" + kind).c_str(), own.data(), own.size() - 1) < 0) {
      say("namespace", kind, errno_name(errno));
    } else {
      say("namespace", kind, of_host == own.data() ? "the host's" : "its own");
    }
  }
}

void keyring(const Host& host) {
  const long session = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  say("keyring", "session",
      session < 0                       ? errno_name(errno)
      : session == host.session_keyring ? "the host's"
                                        : "its own");
}

}  // namespace

void probe_process(const Host& host) {
  std::map<std::string, std::string> status = read_status();
  identity(status);
  capabilities(status);
  limits();
  descriptors();
  namespaces(host);
  keyring(host);
}

}  // namespace husk::probe
