#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tests/runc_parity/probe.h"

namespace husk::probe {

void say(const std::string& topic, const std::string& subject, const std::string& value) {
  std::string one_line = value;
  for (char& c : one_line) {
    if (c == '\t' || c == '\n') c = ' ';
  }
  std::printf("%s\t%s\t%s\n", topic.c_str(), subject.c_str(), one_line.c_str());
}

std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

std::string outcome(long result) {
  return result < 0 ? errno_name(errno) : "ok";
}

std::string first_line(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::string line;
  if (!file) return errno_name(errno);
  std::getline(file, line);
  return line;
}

}  // namespace husk::probe

int main(int count, char** arguments) {
  using husk::probe::Host;
  // What may be asked of the host itself.
  if (count == 2 && std::strcmp(arguments[1], "i386") == 0) {
    husk::probe::probe_i386_calls();
    return 0;
  }
  // It makes every system call that there is and would do so with root's rights on the host as well.
  if (getpid() != 1) {
    std::fprintf(stderr, "probe: only to be run as process 1 of a container\n");
    return 2;
  }
  if (count == 2 && std::strcmp(arguments[1], "wait") == 0) {
    std::puts("ready");
    std::fflush(stdout);
    for (;;) pause();
  }
  Host host;
  for (int index = 1; index < count; ++index) {
    const std::string argument = arguments[index];
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (name == "namespace") {
      host.namespaces.push_back(value);
    } else if (name == "device") {
      host.devices.push_back(value);
    } else if (name == "image-devices") {
      host.image_devices = value;
    } else if (name == "session-keyring") {
      host.session_keyring = std::atol(value.c_str());
    } else {
      std::fprintf(stderr, "probe: what is '%s'?\n", argument.c_str());
      return 2;
    }
  }
  husk::probe::probe_process(host);
  husk::probe::probe_devices(host);
  husk::probe::probe_file_systems();
  husk::probe::probe_system_calls();
  husk::probe::say("probe", "complete", "yes");
  return std::fflush(stdout) == 0 ? 0 : 1;
}
