#include "vmm/cli/compare_command.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "vmm/error.h"

namespace husk::cli {

void execute_compare(int count, char** arguments) {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string program = (self.parent_path() / "husk-compare").string();
  std::vector<char*> words(arguments, arguments + count);
  words.push_back(nullptr);
  ::signal(SIGPIPE, SIG_DFL);  // ignored signals stay ignored across exec
  ::execv(program.c_str(), words.data());
  throw Error::from_errno("run", program, "it is built together with husk and belongs beside it");
}

}  // namespace husk::cli
