#include <fcntl.h>

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

RootSource RootSource::from_erofs(const std::string& path, const std::string& name) {
  RootSource root;
  root.name = name;
  root.erofs.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!root.erofs) throw Error::from_errno("open", "image file '" + path + "'");
  return root;
}

}  // namespace husk::runner
