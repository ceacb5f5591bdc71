// A known way out of a container, tried. What came of it is one line on standard output: "NAME RESULT [DETAIL]".
#pragma once

#include <errno.h>
#include <string.h>

#include <string>
#include <vector>

namespace attacks {

struct Result {
  enum class Kind {
    kRefused,    // the kernel said no
    kContained,  // it was allowed, and led nowhere but into the container
    kDone,       // it worked, as far as can be seen from inside
  } kind;
  std::string detail;
};

inline Result refused() {
  return {Result::Kind::kRefused, strerror(errno)};
}
inline Result contained(std::string detail) {
  return {Result::Kind::kContained, std::move(detail)};
}
inline Result done(std::string detail) {
  return {Result::Kind::kDone, std::move(detail)};
}

// What the test on the host has prepared for a successful attack to find and to leave.
struct Host {
  std::string secret_file;     // path on the host of a file that is not in the image
  std::string secret;          // its contents
  std::string marker;          // path on the host of a file to create
  std::string variable;        // the value of a variable in the environment of husk
  std::vector<int> processes;  // numbers of processes of the host
};

struct Attack {
  const char* name;
  Result (*run)(const Host& host);
};

// Tries to read the host's secret and to write the host's marker below `directory`, which stands for the host's root.
Result use_root(const Host& host, const std::string& directory);

std::string read_file(const std::string& path);

std::vector<Attack> attacks_on_files();
std::vector<Attack> attacks_on_kernel();
std::vector<Attack> attacks_on_processes();

}  // namespace attacks
