// --name: while a container runs no second one of the same user can have its name.
#pragma once

#include <string>

#include "common/unique_fd.h"

namespace husk::cli {

// The name is a Unix socket's in the abstract namespace (unix(7)), which nobody can connect to. It goes with the last
// process that has the descriptor open, however that ends: there is no file that could be left behind.
class NameClaim {
 public:
  // Throws husk::Error if the name is taken.
  explicit NameClaim(const std::string& name);
  int descriptor() const { return socket_.get(); }

 private:
  UniqueFd socket_;
};

}  // namespace husk::cli
