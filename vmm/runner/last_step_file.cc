#include "vmm/runner/last_step_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "vmm/error.h"
#include "vmm/runner/last_step/interface.h"
#include "vmm/runner/limits.h"

extern "C" {
extern const char husk_last_step[];
extern const char husk_last_step_end[];
}

namespace husk::runner {
namespace {

// Linux 6.3's flag: without it the sysctl vm.memfd_noexec decides. Debian 12's headers do not have it.
constexpr unsigned kMemfdExec = 0x10;

int make_memory_file() {
  constexpr char kName[] = "husk-last-step";
  const int file = memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING | kMemfdExec);
  if (file >= 0 || errno != EINVAL) return file;
  return memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool fill(int file) {
  const auto size = static_cast<std::size_t>(husk_last_step_end - husk_last_step);
  ssize_t written = pwrite(file, husk_last_step, size, 0);
  if (written != static_cast<ssize_t>(size) && (written >= 0 || errno == EFBIG)) {
    {
      const NoLimitOfFileSize lifted;
      written = pwrite(file, husk_last_step, size, 0);
    }
    errno = EFBIG;  // for the message
  }
  return written == static_cast<ssize_t>(size);
}

char* view(const char* text) {
  return const_cast<char*>(text);  // what execve(2) takes
}

}  // namespace

UniqueFd make_last_step_file() {
  UniqueFd file(make_memory_file());
  if (!file) {
    throw Error::from_errno("make", "an executable file in memory",
                            errno == EACCES ? "the sysctl vm.memfd_noexec must be less than 2" : "");
  }
  if (!fill(file.get()) ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    throw Error::from_errno("write", "an executable file in memory",
                            errno == EFBIG ? "raise the hard limit of file sizes (ulimit -Hf)" : "");
  }
  return file;
}

std::vector<char*> arguments_to_become(const std::string& directory, const std::vector<std::string>& paths,
                                       const std::vector<std::string>& argv) {
  std::vector<char*> arguments{view(last_step::kBecome), view(directory.c_str())};
  arguments.reserve(paths.size() + argv.size() + 4);
  for (const std::string& path : paths) arguments.push_back(view(path.c_str()));
  arguments.push_back(view(last_step::kEndOfPaths));
  for (const std::string& argument : argv) arguments.push_back(view(argument.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

}  // namespace husk::runner
