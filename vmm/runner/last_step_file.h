// The last step's program (vmm/runner/last_step), in memory and ready to be executed.
#pragma once

#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace husk::runner {

// A file in memory that nobody can change any more (memfd_create(2), "File sealing"), close-on-exec.
UniqueFd make_last_step_file();

// What the last step needs to become the payload: see last_step/interface.h. Views of the strings, valid as long as
// they are.
std::vector<char*> arguments_to_become(const std::string& directory, const std::vector<std::string>& paths,
                                       const std::vector<std::string>& argv);

}  // namespace husk::runner
