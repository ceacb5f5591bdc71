#include <fcntl.h>

#include <utility>

#include "vmm/error.h"
#include "vmm/runner/runner.h"

namespace husk::runner {

RootSource RootSource::from_directory(const std::string& path) {
  RootSource root;
  root.name = path;
  root.directory.reset(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.directory) throw Error::from_errno("open", "image directory '" + path + "'");
  return root;
}

RootSource RootSource::from_erofs(UniqueFd file, std::vector<UniqueFd> layers, std::string name) {
  RootSource root;
  root.name = std::move(name);
  root.erofs = std::move(file);
  root.layers = std::move(layers);
  return root;
}

}  // namespace husk::runner
