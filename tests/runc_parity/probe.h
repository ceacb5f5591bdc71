// What a container gives its payload, as the payload itself can see it: one line for each fact,
//   topic <tab> subject <tab> value
// The same program runs under runc and under husk (see tests/runc_parity/parity), and the lines are compared.
// Only facts that are the same in two runs of the same container are printed: no times, no numbers of processes.
#pragma once

#include <string>
#include <vector>

namespace husk::probe {

// What the caller, who can see the host, hands in (arguments of the probe, "name=value").
struct Host {
  std::vector<std::string> namespaces;  // "mnt:[4026531841]", as readlink(2) on /proc/self/ns/* gives them
  std::vector<std::string> devices;     // "c 1:3": nodes in the host's /dev, and what is in /proc/partitions
  std::string image_devices;            // a directory of the image with such nodes
  long session_keyring = -1;
};

void say(const std::string& topic, const std::string& subject, const std::string& value);

// "ok", or errno's name.
std::string outcome(long result);
std::string errno_name(int error);

// The first line of a file, or errno's name.
std::string first_line(const std::string& path);

void probe_process(const Host& host);  // ids, capabilities, namespaces, limits, signals, environment, keyring
void probe_devices(const Host& host);  // what can be made, what can be opened, what is in /dev
void probe_file_systems();             // mounts, masked and read-only paths, what in /proc and /sys can be opened
void probe_i386_calls();               // whether the kernel takes them
void probe_system_calls();             // the answer to every number, and to some arguments that filters look at

}  // namespace husk::probe
