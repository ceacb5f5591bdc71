// Which husk this is.
#pragma once

#include <string>

namespace husk::compare {

std::string husk_version();  // "0.1.0"
std::string husk_commit();   // as git describes it, or "unknown" outside a repository

}  // namespace husk::compare
